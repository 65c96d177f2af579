"""What ends a command early: one message for the person, and the exit code for the machine."""

from __future__ import annotations


class Failure(Exception):
    """`code` is 2 for usage and configuration, 4 when something could not be found out."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
