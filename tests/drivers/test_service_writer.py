"""A change of a service that meets a quota: what others did meanwhile is read before it is tried again.

With the real calls over clients that tell what they were asked; v2 takes whatever etag it is given.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.run_v2 import Service, TrafficTarget
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo

from deploy_lib.drivers.call_budget import Budgets
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import QUOTA_WITHIN, Calls
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.service_writer import WRITES_WITHIN, ServiceWriter
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.model.program import PROGRAM
from tests.drivers.clocks import FakeClock

PATH = "projects/p/locations/r/services/s"
BY_THE_MINUTE = exceptions.ResourceExhausted("x", details=[ErrorInfo(reason="RATE_LIMIT_EXCEEDED")])
NO_ROOM = exceptions.ResourceExhausted("CpuAllocPerProjectRegion requested: 60000 allowed: 20000")
UNSENT = exceptions.ServiceUnavailable("failed to connect to all addresses")
OURS, THEIRS = "s-1", "s-2"


@dataclass
class Cloud:
    """v2 with one service. `refusals` come before a write is taken; `meanwhile` is what happens at each of them."""

    clock: FakeClock
    refusals: list[Exception]
    meanwhile: Callable[[Cloud], None] = lambda cloud: None
    service: Service = field(default_factory=lambda: serving(OURS, 0))
    writes: list[str] = field(default_factory=list)

    def get_service(self, **asked: object) -> Service:
        return copy.deepcopy(self.service)

    def update_service(self, *, request: Any, **more: object) -> Any:
        if self.refusals:
            self.meanwhile(self)
            raise self.refusals.pop(0)
        self.writes.append(request.service.traffic[0].revision)
        return SimpleNamespace(metadata=None, operation=SimpleNamespace(name="operations/1"))

    def writer(self, v1: Any = None) -> ServiceWriter:
        clients: Any = SimpleNamespace(
            services=self, endpoints=Endpoints(), budgets=Budgets(), project="p", program=PROGRAM, principal=None,
            counted_in=None,
        )  # fmt: skip
        return ServiceWriter(RunApi(Calls(clients, self.clock)), v1, self.clock)


def serving(revision: str, seconds: int) -> Service:
    """As written so many seconds after the first of all writes."""
    at = datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(seconds=seconds)
    return Service(name=PATH, update_time=at, traffic=[TrafficTarget(revision=revision, percent=100)])


def promote(service: Service) -> list[str]:
    """From what this release left there, and from nothing else."""
    if service.traffic[0].revision != OURS:
        raise DriverError(f"somebody else gave {service.traffic[0].revision} the traffic", conflict=True)
    service.traffic[0].revision = "s-3"
    return ["traffic"]


def taken_by_others(cloud: Cloud) -> None:
    cloud.service = serving(THEIRS, 1)


@pytest.mark.parametrize("refusal", [BY_THE_MINUTE, NO_ROOM, UNSENT], ids=["by the minute", "no room", "not sent"])
def test_what_others_did_while_it_waited_is_not_written_over(refusal: Exception) -> None:
    cloud = Cloud(FakeClock(), [refusal] * 12, taken_by_others)
    with pytest.raises(DriverError, match=f"somebody else gave {THEIRS} the traffic"):
        cloud.writer().write(PATH, promote, "promote", template=True)
    assert cloud.writes == []


@pytest.mark.parametrize(
    ("refusal", "times"), [(BY_THE_MINUTE, 6), (NO_ROOM, 4), (UNSENT, 5)], ids=["by the minute", "no room", "not sent"]
)
def test_it_is_made_as_soon_as_there_is_room(refusal: Exception, times: int) -> None:
    cloud = Cloud(FakeClock(), [refusal] * times)
    assert cloud.writer().write(PATH, promote, "promote", template=True).operation == "operations/1"
    assert cloud.writes == ["s-3"]


def test_the_delay_that_google_asks_for_is_kept() -> None:
    info = RetryInfo(retry_delay=Duration(seconds=45))
    cloud = Cloud(FakeClock(), [exceptions.ResourceExhausted("x per minute", details=[info])])
    cloud.writer().write(PATH, promote, "promote", template=True)
    assert 45 <= cloud.clock.monotonic() < 48


def test_a_delay_of_an_hour_is_not_waited_out() -> None:
    info = RetryInfo(retry_delay=Duration(seconds=3600))
    cloud = Cloud(FakeClock(), [exceptions.ResourceExhausted("x", details=[info])])
    with pytest.raises(ApiError):
        cloud.writer().write(PATH, promote, "promote", template=True)
    assert cloud.clock.monotonic() < 1


@pytest.mark.parametrize(("refusal", "within"), [(BY_THE_MINUTE, QUOTA_WITHIN), (NO_ROOM, WRITES_WITHIN)])
def test_it_is_given_up_in_time(refusal: Exception, within: float) -> None:
    cloud = Cloud(FakeClock(), [refusal] * 1000)
    with pytest.raises(ApiError) as given_up:
        cloud.writer().write(PATH, promote, "promote", template=True)
    assert within - 20 < cloud.clock.monotonic() < within + 20
    assert given_up.value.no_effect and len(cloud.refusals) > 980, "a quota is not used up further by asking"


class FirstVersion:
    """v1, where no token comes for the first request, and which does not know the service after that."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, path: str) -> Any:
        self.asked += 1
        problem = ApiError(StatusCode.UNSENT if self.asked == 1 else StatusCode.NOT_FOUND, "x", "no token could be had")
        problem.of_token = self.asked == 1
        raise problem


def test_v1_is_asked_again_after_a_token_that_did_not_come() -> None:
    """It alone refuses what is written over somebody else's change."""
    cloud, v1 = Cloud(FakeClock(), []), FirstVersion()
    writer = cloud.writer(v1)
    with pytest.raises(ApiError, match="no token"):
        writer.write(PATH, promote, "promote")
    assert cloud.writes == []
    writer.write(PATH, promote, "promote")
    assert (cloud.writes, v1.asked) == (["s-3"], 2)
