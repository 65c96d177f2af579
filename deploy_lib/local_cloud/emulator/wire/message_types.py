"""Loads the libraries of the local cloud in half the time: the messages of Google's client libraries without their
clients, which a server has no use for, and nothing else that an import does for nothing here.

A library's package imports all its clients with its messages, and they take several times as long. Only the process
of the local cloud itself does this: what runs in it takes messages from `LIBRARY.types`.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

LIBRARIES = (
    "google.cloud.devtools.cloudbuild_v1",
    "google.cloud.logging_v2",
    "google.cloud.monitoring_v3",
    "google.cloud.monitoring_v3.types",  # of 14 files three are needed
    "google.cloud.run_v2",
    "google.cloud.secretmanager_v1",
)


class _Package(ModuleType):
    """Its modules can be imported. The rest of it is loaded when somebody asks for something else."""

    def __getattr__(self, name: str) -> object:
        full = f"{self.__name__}.{name}"
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if importlib.util.find_spec(full) is not None:
            return importlib.import_module(full)
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec = self.__spec__
        assert spec is not None and spec.loader is not None
        spec.loader.exec_module(self)
        return getattr(self, name)


@contextmanager
def import_messages() -> Iterator[None]:
    """Within it the libraries are imported, while nothing else runs: it changes the environment."""
    _postpone_clients()
    gc.disable()  # what is imported stays
    try:
        _import_without_certificates("aiohttp")
        yield
    finally:
        gc.freeze()
        gc.enable()


def _import_without_certificates(library: str) -> None:
    """aiohttp reads all that this machine trusts when it is imported, in 50 ms: the local cloud asks nobody over TLS
    through it."""
    before = {name: os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
    os.environ.update(dict.fromkeys(before, os.devnull))
    try:
        importlib.import_module(library)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _postpone_clients() -> None:
    """To be called before anything imports one of these libraries; one that is there already stays as it is."""
    for library in LIBRARIES:
        if library in sys.modules:
            continue
        spec = importlib.util.find_spec(library)
        if spec is None:  # the import that follows says so
            continue
        package = importlib.util.module_from_spec(spec)
        package.__class__ = _Package
        sys.modules[library] = package
