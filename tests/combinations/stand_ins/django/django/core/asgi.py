import importlib

import django


def get_asgi_application():
    django.setup()
    from django.conf import settings

    for each in settings.MIDDLEWARE:
        module, _, name = each.rpartition(".")
        getattr(importlib.import_module(module), name)(None)

    def application(scope, receive):
        importlib.import_module(settings.ROOT_URLCONF).urlpatterns
        return [b"ok"]

    return application
