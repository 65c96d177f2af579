"""Why a service refuses a request, independent of the protocol."""

from __future__ import annotations


class Refusal(Exception):
    """`code` is a gRPC status by name, such as INVALID_ARGUMENT or NOT_FOUND."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
