"""How a call to Google ended: google.rpc.Code by name (https://cloud.google.com/apis/design/errors#handling_errors)."""

from __future__ import annotations

import enum


class StatusCode(enum.StrEnum):
    """A name that Google may add is UNKNOWN here."""

    OK = "OK"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    DATA_LOSS = "DATA_LOSS"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNSENT = "UNSENT"  # of our own: no connection could be made, so the call cannot have had an effect

    @classmethod
    def _missing_(cls, value: object) -> StatusCode:
        return cls.UNKNOWN
