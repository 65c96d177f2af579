"""Quotas per minute, project and, for Cloud Run, region."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from google.rpc.error_details_pb2 import ErrorInfo

from ..builds.environment import project_number
from ..wire.method import RpcRefusal

_MINUTE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` calls of `methods` (globs) a minute. `service` is the API's name, `metric` the quota's."""

    metric: str
    limit: int
    service: str
    methods: tuple[str, ...]
    regional: bool = False


class QuotaMeter:
    """May be used from any thread. `clock` gives seconds; calls that are refused do not count."""

    def __init__(self, quotas: Sequence[Quota], clock: Callable[[], float]) -> None:
        self._quotas, self._clock = quotas, clock
        self._lock = threading.Lock()
        self._calls: defaultdict[tuple[int, str, str], deque[float]] = defaultdict(deque)

    def take(self, method: str, project: str, region: str) -> None:
        """Counts a call. Raises RpcRefusal RESOURCE_EXHAUSTED, in the words that Google's APIs have for it."""
        now = self._clock()
        for number, quota in enumerate(self._quotas):
            if not any(fnmatchcase(method, pattern) for pattern in quota.methods):
                continue
            with self._lock:
                calls = self._calls[number, project, region if quota.regional else ""]
                while calls and calls[0] <= now - _MINUTE:
                    calls.popleft()
                if len(calls) >= quota.limit:
                    raise _exceeded(quota, project)
                calls.append(now)


def _exceeded(quota: Quota, project: str) -> RpcRefusal:
    limit = f"{quota.metric} per minute" + (" per region" if quota.regional else "")
    consumer = f"project_number:{project_number(project)}"
    message = (
        f"Quota exceeded for quota metric '{quota.metric}' and limit '{limit}' of service '{quota.service}' for "
        f"consumer '{consumer}'."
    )
    info = ErrorInfo(
        reason="RATE_LIMIT_EXCEEDED",
        domain="googleapis.com",
        metadata={
            "service": quota.service,
            "consumer": consumer.replace("project_number:", "projects/"),
            "quota_limit_value": str(quota.limit),
        },
    )
    return RpcRefusal("RESOURCE_EXHAUSTED", message, (info,))
