"""Every request the ingress served becomes a measurement and an entry of the request log, as on Cloud Run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..ingress.server import ServedRequest
from .ports import Metrics, RequestRecord, RunLog

# https://cloud.google.com/run/docs/troubleshooting#503
_NO_ANSWER = (
    "The request failed because either the HTTP response was malformed or connection to the instance had an error."
)
_READ_MORE = "Read more at https://cloud.google.com/run/docs/securing/authenticating"
_NOT_AUTHENTICATED = (
    "The request was not authenticated. Either allow unauthenticated invocations or set the proper Authorization "
    f"header. {_READ_MORE}"
)
_NOT_VERIFIED = (
    "The request was not authorized to invoke this service. The access token could not be verified. " + _READ_MORE
)
_NO_INSTANCE = "The request was aborted because there was no available instance."


@dataclass(frozen=True, slots=True)
class RequestRecorder:
    log: RunLog
    metrics: Metrics
    clock: Callable[[], float]

    def __call__(self, served: ServedRequest) -> None:
        upstream, now = served.upstream, self.clock()
        place = (upstream.project, upstream.location, upstream.service, upstream.revision)
        self.metrics.request(*place, served.status, served.seconds, now)
        record = RequestRecord(
            served.method,
            served.url,
            served.status,
            served.seconds,
            served.user_agent,
            served.remote,
            request_size=served.received,
            response_size=served.sent,
        )
        text = ""
        if served.refused:
            text = _NOT_VERIFIED if served.status == 401 else _NOT_AUTHENTICATED
        elif served.failed:
            text = _NO_ANSWER if served.instance else _NO_INSTANCE
        self.log.write(*place, text, "requests", _severity(served.status), served.instance, now, record)


def _severity(status: int) -> str:
    if status >= 500:
        return "ERROR"
    return "WARNING" if status >= 400 else "INFO"
