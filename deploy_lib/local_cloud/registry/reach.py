"""Checks whether a registry answers at all, before docker or podman wait for it.

One that did not answer is not asked again for a minute: a network that swallows packets would cost every build
some seconds for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from .access import RegistryAccess
from .client import RegistryClient, RegistryUnreachable
from .names import RemoteImage, locate

_PAUSE = 60.0  # seconds
_silent_until: dict[str, float] = {}


def check_reachable(name: str) -> None:
    """RegistryUnreachable when nothing answers; whatever it answers is an answer."""
    wanted = locate(name)
    with remembered(wanted), RegistryClient(wanted, RegistryAccess(), "pull") as registry:
        registry.ping()


@contextmanager
def remembered(name: RemoteImage) -> Iterator[None]:
    if monotonic() < _silent_until.get(name.host, 0.0):
        raise RegistryUnreachable(f"the registry {name.host} could not be reached a moment ago")
    try:
        yield
    except RegistryUnreachable:
        _silent_until[name.host] = monotonic() + _PAUSE
        raise
