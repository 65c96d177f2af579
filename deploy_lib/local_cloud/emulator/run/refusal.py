"""Why a request to Cloud Run is refused."""

from __future__ import annotations

from ..refusal import Refusal


class RunRefusal(Refusal):
    """Of Cloud Run."""


def invalid(message: str) -> RunRefusal:
    return RunRefusal("INVALID_ARGUMENT", message)


def missing(kind: str, name: str, region: str, project: str) -> RunRefusal:
    """`kind` is SERVICE, REVISION or its like [recorded]."""
    message = f"Resource '{name}' of kind '{kind}' in region '{region}' in project '{project}' does not exist."
    return RunRefusal("NOT_FOUND", message)


def check_etag(short: str, given: str, current: str) -> None:
    """What the client last read must be there: someone else may have changed it meanwhile. Raises RunRefusal."""
    if given and given != current:
        raise RunRefusal("ABORTED", conflict(short, given, current))


def conflict(short: str, given: str, current: str) -> str:
    return f"Conflict for resource '{short}': version '{given}' was specified but current version is '{current}'."


def not_here(what: str) -> RunRefusal:
    """A real feature of Cloud Run that the local cloud does not have: refused by name, never skipped."""
    return RunRefusal("UNIMPLEMENTED", f"the local cloud does not support {what}")
