"""What was asked for cannot be begun, and why."""

from __future__ import annotations

from deploy_lib.model.outcome import Outcome


class NotPossible(Exception):
    """`message` is for the person and says what to do; `code` is the exit code, 2 where the request itself is wrong."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class NothingToResume(NotPossible):
    """The service's last release came to its end."""


REFUSED = Outcome.REJECTED.exit_code
