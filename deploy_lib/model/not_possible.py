"""What was asked for cannot be begun: one message for the person, and the exit code for the machine."""

from __future__ import annotations


class NotPossible(Exception):
    """`message` says why, and what to do.

    `code` is 2 for usage and configuration, 4 when something could not be found out, else as of the outcome.
    """

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
