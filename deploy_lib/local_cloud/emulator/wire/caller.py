"""The caller of the current request: whom its token or the client names, since the local cloud has no accounts."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar

from .tokens import account_of, is_login

HEADER = "x-local-account"
"""The client's word, in the call's metadata."""
UNNAMED = "somebody@local-cloud.invalid"
_COUNTED_IN = "x-goog-user-project"
"""https://cloud.google.com/apis/docs/system-parameters"""

_CALLER: ContextVar[str] = ContextVar("caller", default=UNNAMED)
_COUNTED: ContextVar[str | None] = ContextVar("counted", default=None)


def caller() -> str:
    """As an address, as Google tells creator and lastModifier."""
    return _CALLER.get()


def counted_in() -> str | None:
    """The project that a person's call by a login counts for, "" where it names none; None for all other calls."""
    return _COUNTED.get()


def note_caller(metadata: Iterable[tuple[str, str | bytes]]) -> None:
    """For the rest of the call that this thread answers."""
    given = {name: value for name, value in metadata if isinstance(value, str)}
    bearer = given.get("authorization", "").partition(" ")[2]
    _CALLER.set(given.get(HEADER) or account_of(bearer) or UNNAMED)
    _COUNTED.set(given.get(_COUNTED_IN, "") if is_login(bearer) else None)
