"""The application: a small shop, its modules importing each other in the ways that people write imports."""

from __future__ import annotations

import random

from tests.combinations.draft import Draft
from tests.combinations.layouts import Layout

LEAVES = ("core.models", "services.payments", "services.email", "routes.orders", "routes.users", "core.db")
"""Modules that a fault may take away: all are imported when the application is."""

_APP = {
    "asgi": ("", "async def app(scope, receive, send):\n    return None\n"),
    "wsgi": ("", 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n'),
    "flask": ("from flask import Flask\n", "app = Flask(__name__)\n"),
    "fastapi": ("from fastapi import FastAPI\n", "app = FastAPI()\n"),
    "celery": ("from celery import Celery\n", 'app = Celery("shop", include=["{routes.orders}"])\n'),
}
REQUIRED = {"asgi": [], "wsgi": [], "flask": ["flask"], "fastapi": ["fastapi"], "celery": ["celery"]}

_HARMLESS = (
    "try:\n    import orjson as json\nexcept ImportError:\n    import json\n",
    "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from {core.ghosts} import Ghost\n",
    "import sys\n\nif sys.version_info < (3, 9):\n    import zoneinfo_of_before\nelse:\n    import zoneinfo\n",
    "def export():\n    import pandas\n    return pandas\n",
    "import contextlib\n\nwith contextlib.suppress(ImportError):\n    import uvloop\n",
    "import os\n\nif os.environ.get('DEBUG_TOOLS'):\n    import debug_tools\n",
    "import importlib.util\n\nHAS_REDIS = importlib.util.find_spec('redis') is not None\n",
    "class Lazy:\n    def load(self):\n        from {services.ghosts} import Ghost\n        return Ghost\n",
    "__all__ = ['NOTHING']\n\nNOTHING = None\n",
    "import os\n\nLEVEL = os.environ.get('LOG_LEVEL', 'info')\n",
    "def __getattr__(name):\n    raise AttributeError(name)\n",
    "try:\n    import importlib.metadata as m\n    V = m.version('shop-nowhere')\nexcept Exception:\n    V = '0'\n",
)


def application(chance: random.Random, layout: Layout, flavour: str) -> Draft:
    """A repository that holds it, without what builds an image of it."""
    made = Draft({"README.md": "# Shop\n", "tests/test_shop.py": "import nothing_of_ours\n"})
    writer = _Writer(chance, layout)
    head, app = _APP[flavour]
    for name in ("routes.orders", "core.ghosts", "services.ghosts"):
        app = app.replace(f"{{{name}}}", layout.module(name))
    made.files[layout.path("main")] = "".join(
        (
            head,
            writer.imports("main", "settings", "NAME"),
            writer.imports("main", "core.db", "connect"),
            writer.submodule("main", "routes", "orders"),
            writer.submodule("main", "routes", "users"),
            "from common.ids import new_id\n\nFIRST = new_id()\n" if layout.beside else "",
            f"\n{app}\n\ndef create_app():\n    return app\n",
        )
    )
    bodies = {
        "settings": "import os\n\nNAME = os.environ.get('NAME', 'shop')\nTIMEOUT = 10\n",
        "core.db": f"{writer.imports('core.db', 'settings', 'NAME')}\n\ndef connect():\n    return NAME\n",
        "core.models": "class Order:\n    pass\n\n\nclass User:\n    pass\n",
        "routes.orders": writer.imports("routes.orders", "services.payments", "charge")
        + writer.imports("routes.orders", "core.models", "Order")
        + "\n\ndef place():\n    return charge(Order())\n",
        "routes.users": writer.imports("routes.users", "core.models", "User")
        + writer.imports("routes.users", "services.email", "send")
        + "\n\ndef welcome():\n    return send(User())\n",
        "services.payments": "import requests\n"
        + writer.imports("services.payments", "settings", "TIMEOUT")
        + "\nSESSION = requests.Session()\n\n\ndef charge(order):\n    return TIMEOUT\n",
        "services.email": "from dotenv import load_dotenv\n\nload_dotenv()\n\n\ndef send(user):\n    return user\n",
        "tools.report": "import numpy\n",
    }
    for name, body in bodies.items():
        made.files[layout.path(name)] = body
    for name in chance.sample(sorted(bodies), chance.randint(0, 3)):
        extra = chance.choice(_HARMLESS)
        for ghost in ("core.ghosts", "services.ghosts"):
            extra = extra.replace(f"{{{ghost}}}", layout.module(ghost))
        made.files[layout.path(name)] += f"\n\n{extra}"
    if layout.inits:
        packages = ["core", "routes", "services", *([""] if layout.package else [])]
        for name in packages:
            directory = layout.inside(layout.module(name).rstrip(".").replace(".", "/"))
            made.files[f"{directory}/__init__.py"] = chance.choice(("", '"""Part of the shop."""\n'))
    if layout.beside:
        made.files["libs/common/__init__.py"] = ""
        made.files["libs/common/ids.py"] = "def new_id():\n    return 'id'\n"
        made.files["services/worker/main.py"] = "from common.ids import new_id\n"
        made.files["services/worker/requirements.txt"] = "celery\n"
    return made


class _Writer:
    """One repository keeps to one style, as most do, with a few modules that do not."""

    def __init__(self, chance: random.Random, layout: Layout) -> None:
        self._chance = chance
        self._layout = layout
        self._relative = bool(layout.package) and chance.random() < 0.4

    def imports(self, importer: str, module: str, name: str) -> str:
        target = self._target(importer, module)
        if self._relative or self._chance.random() < 0.8:
            return f"from {target} import {name}\n"
        return f"import {target}\n{name} = {target}.{name}\n"

    def submodule(self, importer: str, package: str, name: str) -> str:
        return f"from {self._target(importer, package)} import {name}\n"

    def _target(self, importer: str, module: str) -> str:
        if not self._relative:
            return self._layout.module(module)
        return f"{'.' * (importer.count('.') + 1)}{module}"
