"""The caller of the current request: whom its token or the client names, since the local cloud has no accounts."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar

from .tokens import account_of

HEADER = "x-local-account"
"""The client's word, in the call's metadata."""
UNNAMED = "somebody@local-cloud.invalid"

_CALLER: ContextVar[str] = ContextVar("caller", default=UNNAMED)


def caller() -> str:
    """As an address, as Google tells creator and lastModifier."""
    return _CALLER.get()


def note_caller(metadata: Iterable[tuple[str, str | bytes]]) -> None:
    """For the rest of the call that this thread answers."""
    given = {name: value for name, value in metadata if isinstance(value, str)}
    bearer = given.get("authorization", "").partition(" ")[2]
    _CALLER.set(given.get(HEADER) or account_of(bearer) or UNNAMED)
