"""When and how Google's clients are imported, which takes longer than most commands.

The client of Cloud Run is imported without aiohttp, where that is not imported yet.

The client takes aiohttp along for asynchronous calls over REST, does without it where it is not installed, and nothing
here makes such calls. Measured: 0.24 s and 49 MB with it, 0.16 s and 39 MB without, before every command's first call.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from threading import Thread

_AFTER_A_BUILD = ["google.cloud.logging_v2.services.logging_service_v2"]
"""The client of the log, in which a candidate's start is followed, and what others need at the end."""


def import_run_client() -> None:
    """Imports google.cloud.run_v2 without aiohttp, which takes half of its time. Safe to call again."""
    if "aiohttp" in sys.modules or "google.cloud.run_v2" in sys.modules:
        return
    sys.modules["aiohttp"] = None  # type: ignore[assignment]  # what makes an import of it fail
    try:
        import google.cloud.run_v2  # noqa: F401
    finally:
        del sys.modules["aiohttp"]


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
