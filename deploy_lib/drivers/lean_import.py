"""When and how large libraries are imported, which takes longer than most commands.

Some take along what nothing here uses, and do without it where it is not installed:
- the client of Cloud Run aiohttp, for asynchronous calls over REST: 0.24 s and 49 MB with it, 0.16 s and 39 MB without;
- httpx click, rich and pygments, for a command line of its own: 0.09 s with them, 0.05 s without.
So they are imported as if that were not installed, unless somebody has imported it by then.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from threading import RLock, Thread
from types import ModuleType

RUN_CLIENT, HTTPX = "google.cloud.run_v2", "httpx"
_WITHOUT: Mapping[str, str] = {RUN_CLIENT: "aiohttp", HTTPX: "click"}
_AFTER_A_BUILD = ["google.cloud.logging_v2.services.logging_service_v2"]
"""The client of the log, in which a candidate's start is followed, and what others need at the end."""
_LOCK = RLock()


def import_lean(name: str) -> ModuleType:
    """The module RUN_CLIENT or HTTPX, with no more than is used of it. Safe to call again, and from any thread."""
    with _LOCK:
        unused = _WITHOUT[name]
        if name in sys.modules or unused in sys.modules:
            return import_module(name)
        sys.modules[unused] = None  # type: ignore[assignment]  # what makes an import of it fail
        try:
            return import_module(name)
        finally:
            del sys.modules[unused]


def needed_after_a_build(*modules: str) -> None:
    """`import_meanwhile` imports these too."""
    _AFTER_A_BUILD.extend(each for each in modules if each not in _AFTER_A_BUILD)


def import_meanwhile() -> Thread:
    """Begins to import what comes after a build: a wait for one has time for it, and no later step has."""

    def load() -> None:
        for module in _AFTER_A_BUILD:
            with suppress(ImportError):  # whoever needs it meets that again, and tells it
                import_module(module)

    thread = Thread(target=load, name="imports", daemon=True)
    thread.start()
    return thread
