"""Why a build request is refused."""

from __future__ import annotations

from ..refusal import Refusal


class BuildRefusal(Refusal):
    """Of Cloud Build."""


def invalid(message: str) -> BuildRefusal:
    return BuildRefusal("INVALID_ARGUMENT", message)


def not_here(what: str) -> BuildRefusal:
    """A real feature of Cloud Build that the local cloud does not have: refused by name, never skipped."""
    return BuildRefusal("UNIMPLEMENTED", f"the local cloud does not support {what}")
