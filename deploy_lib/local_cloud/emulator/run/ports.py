"""The interfaces through which Cloud Run writes log lines and measurements.

Cloud Run writes a container's output and its own remarks to Cloud Logging, and one measurement per request to
Cloud Monitoring. Both are given in as these protocols, so that neither side imports the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One answered request, as google.logging.type.HttpRequest tells it. Sizes are in bytes of the bodies."""

    method: str
    url: str
    status: int
    latency: float  # seconds, until the last byte was sent
    user_agent: str
    remote_ip: str
    protocol: str = "HTTP/1.1"
    request_size: int = 0
    response_size: int = 0


class RunLog(Protocol):
    """May be called from any thread; returns at once."""

    def write(
        self,
        project: str,
        location: str,
        service: str,
        revision: str,
        text: str,
        stream: str,
        severity: str,
        instance_id: str,
        timestamp: float | None = None,
        request: RequestRecord | None = None,
        container: str = "",
    ) -> None:
        """One line. `stream` is stdout, stderr, system or requests; `severity` a LogSeverity by name.

        stdout and stderr come with severity DEFAULT; a line that is a JSON object is recognized by the log, as
        Cloud Run does (https://cloud.google.com/run/docs/logging#using-json). `timestamp` is in seconds since
        the epoch, None for now. `request` comes with the stream requests only; `container` is the name of the one
        that the line is of.
        """


class Metrics(Protocol):
    """May be called from any thread; returns at once."""

    def request(
        self, project: str, location: str, service: str, revision: str, status: int, seconds: float, at: float
    ) -> None:
        """One answered request: its HTTP status, how long it took, and when it ended (seconds since the epoch)."""
