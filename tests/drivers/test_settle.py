"""How long a change is waited for: as long as Cloud Run says that it works on it, and no longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.run_v2 import Service, TrafficTarget, TrafficTargetStatus

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services.context import GIVEN_UP_AFTER, SETTLES_WITHIN, WORKS_WITHIN, settle
from deploy_lib.model.program import PROGRAM
from tests.drivers.clocks import FakeClock

PATH = "projects/p/locations/r/services/s"


@dataclass
class Cloud:
    """A service that was told to serve s-2: it works on that `working` seconds, and serves it from `serves` on."""

    working: float
    serves: float
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[str] = field(default_factory=list)

    def service(self, path: str) -> Service:
        now = self.clock.monotonic()
        status = TrafficTargetStatus(revision="s-2" if now >= self.serves else "s-1", percent=100)
        return Service(
            name=PATH,
            traffic=[TrafficTarget(revision="s-2", percent=100)],
            traffic_statuses=[status],
            latest_ready_revision="s-2",
            reconciling=now < self.working,
        )

    def settled(self, lacking: str = "", within: float = SETTLES_WITHIN) -> Service:
        calls = SimpleNamespace(clients=SimpleNamespace(program=PROGRAM))
        context: Any = SimpleNamespace(api=self, clock=self.clock, calls=calls)
        return settle(context, PATH, None, "x", lacks=lambda _: lacking, within=within, tell=self.told.append)


@pytest.mark.parametrize(
    ("working", "serves", "within", "seconds"),
    [(0, 0, SETTLES_WITHIN, 0), (5, 5, SETTLES_WITHIN, 5), (300, 300, SETTLES_WITHIN, 300), (300, 5, 10.0, 300)],
)
def test_it_is_waited_for_while_cloud_run_works_on_it(
    working: float, serves: float, within: float, seconds: float
) -> None:
    cloud = Cloud(working, serves)
    assert cloud.settled(within=within).traffic_statuses[0].revision == "s-2"
    assert seconds <= cloud.clock.monotonic() <= seconds + 2
    assert bool(cloud.told) == (seconds > within), "a person is told what is waited for"


@pytest.mark.parametrize(
    ("working", "serves", "lacking", "seconds", "words", "may_pass"),
    [
        (9999, 9999, "", WORKS_WITHIN, "Cloud Run serves s-1 100 % and not yet s-2 100 %", False),
        (9999, 5, "", WORKS_WITHIN, "Cloud Run serves s-2 100 % and still works on the service", False),
        (0, 9999, "", GIVEN_UP_AFTER, "and not yet", True),
        (0, 0, "the tag has no URL", SETTLES_WITHIN, "the tag has no URL", False),
        (90, 90, "the tag has no URL", 90, "the tag has no URL", False),
    ],
)
def test_what_does_not_come_is_given_up(
    working: float, serves: float, lacking: str, seconds: float, words: str, may_pass: bool
) -> None:
    cloud = Cloud(working, serves)
    with pytest.raises(DriverError, match=words) as given_up:
        cloud.settled(lacking)
    assert seconds <= cloud.clock.monotonic() <= seconds + 3
    assert bool(given_up.value.may_pass_within) is may_pass
