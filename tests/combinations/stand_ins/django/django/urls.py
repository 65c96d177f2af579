import importlib


def path(route, view, **settings):
    return route, view


def include(module, **settings):
    loaded = importlib.import_module(module) if isinstance(module, str) else module
    return getattr(loaded, "urlpatterns", loaded)
