"""Why a request to Cloud Run is refused, with the gRPC status by name; independent of the protocol."""

from __future__ import annotations


class RunRefusal(Exception):
    """`code` is a gRPC status name such as INVALID_ARGUMENT or NOT_FOUND."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> RunRefusal:
    return RunRefusal("INVALID_ARGUMENT", message)


def missing(kind: str, name: str, region: str, project: str) -> RunRefusal:
    """`kind` is SERVICE, REVISION or its like [recorded]."""
    message = f"Resource '{name}' of kind '{kind}' in region '{region}' in project '{project}' does not exist."
    return RunRefusal("NOT_FOUND", message)


def not_here(what: str) -> RunRefusal:
    """A real feature of Cloud Run that the local cloud does not have: refused by name, never skipped."""
    return RunRefusal("UNIMPLEMENTED", f"the local cloud does not support {what}")
