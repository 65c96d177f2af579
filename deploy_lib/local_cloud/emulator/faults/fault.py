"""One scripted fault: the method, what goes wrong, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

import grpc

CODES: frozenset[str] = frozenset(grpc.StatusCode.__members__) - {"OK"}


REQUEST_LOG, REQUEST_METRICS = "logging.sinks.requests", "monitoring.points.requests"
"""Not methods: each entry of the request log, and each request that Monitoring counts."""

WRITTEN = (REQUEST_LOG, REQUEST_METRICS)


WITH_ETAG = tuple(
    f"google.cloud.run.v2.{name}"
    for name in (
        "Services/UpdateService",
        "Services/DeleteService",
        "Revisions/DeleteRevision",
        "Jobs/UpdateJob",
        "Jobs/DeleteJob",
        "Jobs/RunJob",
        "Executions/CancelExecution",
        "Executions/DeleteExecution",
    )
)
"""The methods that compare the etag they are given."""


class BadFault(Exception):
    """The fault cannot be set; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`method` is a glob over names such as google.cloud.run.v2.Services/UpdateService or storage.objects.insert.

    The first `skip` calls are let through, the next `times` are hit (0: all). A hit waits `delay` seconds, then
    answers `code`; without a code the method's own answer follows. `after`: the method is carried out first, so
    only its answer is lost or late. `stale`: a read answers what it answered before the last write. `lost`: what is
    written on its own by the platform never arrives, which is for REQUEST_LOG and REQUEST_METRICS. `etag_ignored`: a
    change of Cloud Run v2 is taken whatever version it names, which is for the methods of WITH_ETAG.
    """

    method: str
    code: str = ""
    times: int = 1
    skip: int = 0
    delay: float = 0.0
    after: bool = False
    stale: bool = False
    lost: bool = False
    etag_ignored: bool = False
    message: str = ""
    retry_delay: float | None = None  # seconds, given in a RetryInfo

    def matches(self, method: str) -> bool:
        """No glob means what the platform writes by itself: "*" is for calls."""
        return self.method == method if method in WRITTEN else fnmatchcase(method, self.method)


def read_fault(given: object) -> Fault:
    """From the control interface's JSON. Raises BadFault, which names the key."""
    if not isinstance(given, Mapping):
        raise BadFault(f"a fault is a JSON object, not {type(given).__name__}")
    known = {field.name: field for field in fields(Fault)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise BadFault(f"unknown key {unknown[0]!r}; a fault has {', '.join(known)}")
    values = {key: _typed(key, str(known[key].type), value) for key, value in given.items()}
    if not values.get("method"):
        raise BadFault("a fault names its method, such as google.cloud.run.v2.Services/UpdateService")
    fault = Fault(**values)
    if fault.after and not fault.code and not fault.delay:
        fault = Fault(**{**values, "code": "UNAVAILABLE"})
    if fault.code and (fault.code not in CODES):
        raise BadFault(f"code is {fault.code!r}; want the name of a gRPC status such as UNAVAILABLE")
    if not (fault.code or fault.delay or fault.stale or fault.lost or fault.etag_ignored):
        raise BadFault("a fault needs a code, a delay, after, stale, lost or etag_ignored; this one would do nothing")
    written = fault.method in WRITTEN
    if fault.lost and not written:
        raise BadFault(f"lost is for {REQUEST_LOG} and {REQUEST_METRICS}, not for {fault.method!r}")
    if written and (fault.code or fault.stale or fault.after or (fault.delay and fault.method == REQUEST_METRICS)):
        can = "lost or delay" if fault.method == REQUEST_LOG else "lost"
        raise BadFault(f"{fault.method} is not a call: all it takes is {can}")
    if fault.etag_ignored and not any(map(fault.matches, WITH_ETAG)):
        raise BadFault(f"etag_ignored is for {', '.join(WITH_ETAG)}, not for {fault.method!r}")
    if fault.etag_ignored and fault.code and not fault.after:
        raise BadFault(f"etag_ignored lets a change through; it does not go with a code ({fault.code}) instead of it")
    if fault.stale and (fault.code or fault.after):
        raise BadFault("a stale answer is an answer: it goes with neither code nor after")
    return fault


def _typed(key: str, kind: str, value: object) -> Any:
    if kind == "str" and isinstance(value, str):
        return value
    if kind == "bool" and isinstance(value, bool):
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    if kind.startswith("float") and number:
        return float(value)  # type: ignore[arg-type]
    if kind == "int" and number and isinstance(value, int):
        return value
    raise BadFault(f"{key} is {value!r}; want a {_WANTED[kind]}")


_WANTED = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number from 0",
    "float": "number of seconds",
    "float | None": "number of seconds",
}
