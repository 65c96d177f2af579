"""Why a build request is refused, with the gRPC status by name; independent of the protocol."""

from __future__ import annotations


class BuildRefusal(Exception):
    """`code` is a gRPC status name such as INVALID_ARGUMENT or NOT_FOUND."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> BuildRefusal:
    return BuildRefusal("INVALID_ARGUMENT", message)


def not_here(what: str) -> BuildRefusal:
    """A real feature of Cloud Build that the local cloud does not have: refused by name, never skipped."""
    return BuildRefusal("UNIMPLEMENTED", f"the local cloud does not support {what}")
