"""Waiting for a build: seldom enough for several at once, at once when its log ends, and through a quota used up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.devtools.cloudbuild_v1 import Build

from deploy_lib.drivers.builds.build_progress import BuildProgress
from deploy_lib.drivers.builds.log import BuildLog
from deploy_lib.drivers.call_budget import Budgets
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.status_code import StatusCode
from tests.drivers.clocks import FakeClock

SPENT = ApiError(StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded", "could not read the build b-1: a quota is used up")


@dataclass
class OneBuild:
    """It ends `ends` seconds from the start; looks between the two times of `refuses` are refused."""

    clock: FakeClock
    ends: float
    refuses: tuple[float, float] = (0.0, 0.0)
    looks: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    budgets: Budgets = field(default_factory=Budgets)
    logs_end: bool = True

    def get(self, location: object, build_id: str) -> Build:
        now = self.clock.monotonic()
        self.looks.append(now)
        self.budgets.builds.spend(now)
        if self.refuses[0] <= now < self.refuses[1]:
            raise SPENT
        return Build(id=build_id, status="SUCCESS" if now >= self.ends else "WORKING")

    def log(self) -> BuildLog:
        def read(offset: int) -> bytes:
            return b"DONE\n" if self.logs_end and not offset and self.clock.monotonic() >= self.ends else b""

        return BuildLog(read, lambda text: None)

    def wait(self) -> Build:
        calls: Any = SimpleNamespace(clock=self.clock, clients=SimpleNamespace(budgets=self.budgets))
        asked: Any = self
        build = Build(id="b-1", timeout=timedelta(minutes=10), queue_ttl=timedelta(minutes=5))
        location: Any = None
        return BuildProgress(calls, asked).wait(location, build, self.log(), self.said.append)


@pytest.mark.parametrize(("logs_end", "late"), [(True, 1.1), (False, 5.1)])
def test_a_build_is_looked_at_every_few_seconds_and_when_its_log_ends(logs_end: bool, late: float) -> None:
    build = OneBuild(FakeClock(), 240.0, logs_end=logs_end)
    assert build.wait().status.name == "SUCCESS"
    assert build.looks[-1] <= 240.0 + late
    assert max(sum(at <= other < at + 60 for other in build.looks) for at in build.looks) <= 24


def test_a_quota_that_is_used_up_ends_no_build_however_long_it_is() -> None:
    build = OneBuild(FakeClock(), 500.0, refuses=(5.0, 420.0))
    assert build.wait().status.name == "SUCCESS"
    assert set(build.said) == {f"{SPENT.reason}; not asked again for 60 s, and the build goes on"}
    refused = [at for at in build.looks if 5.0 <= at < 420.0]
    assert len(refused) <= 8, "once a minute"


def test_one_that_nobody_may_look_at_is_given_up_when_it_must_have_ended() -> None:
    build = OneBuild(FakeClock(), 500.0, refuses=(0.0, 1e9))
    with pytest.raises(ApiError):
        build.wait()
    assert 15 * 60 <= build.clock.monotonic() <= 18 * 60
