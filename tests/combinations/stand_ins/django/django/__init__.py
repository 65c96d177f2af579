VERSION = (5, 2, 0)


def setup(set_prefix=True):
    from django.apps import populate
    from django.conf import settings

    populate(settings.INSTALLED_APPS)
