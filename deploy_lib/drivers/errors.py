"""What the Google clients raise, by its code: whether it passes, and whether it may have had its effect.

Status codes decide, never texts, with four exceptions that have no code of their own: refusals that mean "this API is
off" and "these calls count for no project", a connection that was never made, and credentials that could not be
refreshed (gRPC tells both of the latter as UNAVAILABLE). The words for each are in error_words.py.
"""

from __future__ import annotations

import re

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.token_failures import is_of_token, may_come_later
from deploy_lib.model.evidence import Evidence

_BY_HTTP = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    408: StatusCode.DEADLINE_EXCEEDED,
    409: StatusCode.ABORTED,
    412: StatusCode.FAILED_PRECONDITION,
    429: StatusCode.RESOURCE_EXHAUSTED,
    499: StatusCode.CANCELLED,
    500: StatusCode.INTERNAL,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
PASSING = frozenset(
    {
        StatusCode.UNAVAILABLE,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.INTERNAL,
        StatusCode.ABORTED,
        StatusCode.RESOURCE_EXHAUSTED,
        StatusCode.UNSENT,
    }
)
"""Codes after which the same call may succeed a little later."""
PASSES_WITHIN = 300.0
"""Seconds. Most outages of one region's control plane that pass at all have passed by then."""

MAYBE_DONE = frozenset(
    {
        StatusCode.UNAVAILABLE,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.INTERNAL,
        StatusCode.UNKNOWN,
        StatusCode.CANCELLED,
    }
)
"""Codes after which the call may or may not have had its effect."""

_NO_CONNECTION = re.compile(r"failed to connect|connection refused|name resolution|dns|no route|connection error", re.I)


class ApiError(DriverError):
    """A DriverError of a call to Google. `code` is the gRPC status by name, or UNSENT; `message` Google's message.

    `retry_after` are the seconds that it asks to wait, if it does. `by_the_minute`: a quota is used up that has room
    again within a minute. `of_token`: no access token could be had, so the call was not sent.
    """

    def __init__(
        self, code: StatusCode, message: str, reason: str, remedy: str = "", *, evidence: Evidence | None = None
    ) -> None:
        super().__init__(reason, remedy)
        self.code = code
        self.message = message
        self.evidence = evidence
        self.retry_after: float | None = None
        self.by_the_minute = False
        self.of_token = False
        self.may_pass_within = PASSES_WITHIN if code in PASSING else 0.0

    @property
    def maybe_done(self) -> bool:
        """Whether the call may have had its effect although it failed."""
        return self.code in MAYBE_DONE

    @property
    def is_stale(self) -> bool:
        """Whether a write was refused since somebody else wrote after it was read."""
        by_etag = self.code is StatusCode.FAILED_PRECONDITION and "etag" in self.message.lower()
        return self.code is StatusCode.ABORTED or by_etag


def is_quota(problem: Exception) -> bool:
    """Whether a call was refused as too many were made in this minute."""
    used_up = isinstance(problem, ApiError) and problem.code is StatusCode.RESOURCE_EXHAUSTED
    return used_up and not spent_for_good(str(problem))


def code_of(error: Exception) -> StatusCode:
    """The gRPC status by name, whichever library raised it.

    UNSENT when no connection was made, or no token could be had that may be had a little later.
    """
    from google.api_core import exceptions

    if is_of_token(error):
        return StatusCode.UNSENT if may_come_later(error) else StatusCode.UNAUTHENTICATED
    if isinstance(error, exceptions.GoogleAPICallError):
        status = getattr(error, "grpc_status_code", None)
        by_http = _BY_HTTP.get(int(error.code or 0), StatusCode.UNKNOWN)
        code = StatusCode(status.name) if status is not None else by_http
        if isinstance(error, exceptions.AlreadyExists):
            code = StatusCode.ALREADY_EXISTS
        unsent = code is StatusCode.UNAVAILABLE and _NO_CONNECTION.search(error.message or "")
        return StatusCode.UNSENT if unsent else code
    name = type(error).__name__
    if name in ("ConnectionError", "ConnectTimeout", "MaxRetryError", "ProxyError", "SSLError"):
        return (
            StatusCode.UNSENT
            if _NO_CONNECTION.search(str(error)) or name == "ConnectTimeout"
            else StatusCode.UNAVAILABLE
        )
    if name in ("Timeout", "ReadTimeout", "RetryError"):
        return StatusCode.DEADLINE_EXCEEDED
    return StatusCode.UNKNOWN


def is_by_the_minute(error: Exception) -> bool:
    """Whether a quota is used up that has room again within a minute or so: google.rpc.ErrorInfo says it, Google's
    words do, or the server names a time to ask again after (google.rpc.RetryInfo)."""
    if code_of(error) is not StatusCode.RESOURCE_EXHAUSTED:
        return False
    limited = metadata_of(error).get("reason") == "RATE_LIMIT_EXCEEDED" or "per minute" in str(error)
    return limited or retry_delay(error) is not None


def retry_delay(error: Exception) -> float | None:
    """Seconds that the server asks the client to wait (google.rpc.RetryInfo)."""
    for detail in getattr(error, "details", None) or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds) + float(delay.nanos) / 1e9
    return None


def spent_for_good(message: str) -> bool:
    """A limit of how many may exist at all: a thousand revisions, say. Others are of a minute and pass."""
    return bool(re.search(r"\b\d+ revisions\b|revision limit|(?:maximum|limit|number) of revisions", message, re.I))


def metadata_of(error: Exception) -> dict[str, str]:
    """What google.rpc.ErrorInfo adds: reason, service, permission."""
    for detail in getattr(error, "details", None) or ():
        if hasattr(detail, "metadata") and hasattr(detail, "reason"):
            return {**dict(detail.metadata), "reason": str(detail.reason)}
    return {}
