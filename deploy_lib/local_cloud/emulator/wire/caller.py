"""The caller of the current request: whom the client names, since the local cloud has no accounts."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar

HEADER = "x-local-account"
"""The client's word, in the call's metadata."""
UNNAMED = "somebody@local-cloud.invalid"

_CALLER: ContextVar[str] = ContextVar("caller", default=UNNAMED)


def caller() -> str:
    """As an address, as Google tells creator and lastModifier."""
    return _CALLER.get()


def note_caller(metadata: Iterable[tuple[str, str | bytes]]) -> None:
    """For the rest of the call that this thread answers."""
    named = next((value for name, value in metadata if name == HEADER and isinstance(value, str)), "")
    _CALLER.set(named or UNNAMED)
