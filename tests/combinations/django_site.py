"""The same shop as a Django project: everything is named in strings."""

from __future__ import annotations

import random

from tests.combinations.draft import Draft

APPS = ("orders", "users", "billing")

_SETTINGS = """import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ.get("SECRET_KEY", "for tests only")
INSTALLED_APPS = [
    "django.contrib.auth",
    "orders",
    "users.apps.UsersConfig",
    "billing",
]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "site_config.middleware.Timing",
]
ROOT_URLCONF = "site_config.urls"
WSGI_APPLICATION = "site_config.wsgi.application"
"""
_URLS = """from django.urls import include, path

urlpatterns = [
    path("orders/", include("orders.urls")),
    path("users/", include("users.urls")),
]
"""
_MANAGE = """import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
"""
_GI = """import os

from django.core.{0} import get_{0}_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")

application = get_{0}_application()
"""
_MIDDLEWARE = """class Timing:
    def __init__(self, answer):
        self.answer = answer
"""
_APP_URLS = """from django.urls import path

from {0} import views

urlpatterns = [path("", views.index)]
"""
_MODELS = "from django.db import models\n\n\nclass {0}(models.Model):\n    name = models.CharField(max_length=20)\n"
_VIEWS = "from django.http import HttpResponse\n\n\ndef index(request):\n    return HttpResponse('ok')\n"
_USERS = "from django.apps import AppConfig\n\n\nclass UsersConfig(AppConfig):\n    name = 'users'\n"


def django_site(chance: random.Random) -> Draft:
    files = {
        "README.md": "# Shop\n",
        "manage.py": _MANAGE,
        "site_config/__init__.py": "",
        "site_config/settings.py": _SETTINGS,
        "site_config/urls.py": _URLS,
        "site_config/wsgi.py": _GI.format("wsgi"),
        "site_config/asgi.py": _GI.format("asgi"),
        "site_config/middleware.py": _MIDDLEWARE,
        "users/apps.py": _USERS,
    }
    for app in APPS:
        files |= {
            f"{app}/__init__.py": "",
            f"{app}/models.py": _MODELS.format(app.title()),
            f"{app}/views.py": _VIEWS,
            f"{app}/urls.py": _APP_URLS.format(app),
        }
    if chance.random() < 0.5:
        files["orders/management/__init__.py"] = files["orders/migrations/__init__.py"] = ""
    return Draft(files)
