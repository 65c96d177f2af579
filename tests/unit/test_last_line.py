"""What the last line says of what serves, and how patiently traffic is put back; over values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.model.answers import Restored
from deploy_lib.model.requests import RestoreTraffic
from deploy_lib.model.serving import Serving
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.release.last_line import serving_now
from deploy_lib.release.restore_traffic import RETRIES_FOR, put_back
from tests.unit.fake_cloud import FakeClock, FakeCloud, unknown
from tests.unit.samples import BEFORE, LEASED


def shares(**given: int) -> TrafficMap:
    return TrafficMap(tuple(TrafficTarget(name, percent) for name, percent in given.items()))


@pytest.mark.parametrize(
    ("serving", "words"),
    [
        (Serving(False), "nothing; the service does not exist"),
        (Serving(True), "nothing; the service has no revision that came up"),
        (Serving(True, shares(x=100), shares(x=100)), "x 100 %"),
        (Serving(True, shares(x=100), shares(x=100), under_way=True), "x 100 %"),
        (Serving(True, shares(x=100), shares(x=90, c=10), under_way=True), "x 100 %, changing to x 90 %, c 10 %"),
        (
            Serving(True, shares(x=100), shares(x=90, c=10), problem="c is gone"),
            "x 100 %; Cloud Run was told to serve x 90 %, c 10 % and does not (c is gone)",
        ),
    ],
    ids=str,
)
def test_what_serves_in_words(serving: Serving, words: str) -> None:
    assert str(serving) == words


def test_where_it_cannot_be_read_the_reason_and_what_was_known() -> None:
    cloud = FakeCloud(fails={"read_serving": unknown("no route to Google")})
    assert serving_now(cloud, LEASED.service, "last seen: x 100 %") == (
        "not known: no route to Google; last seen: x 100 %"
    )


def away(seconds: float, clock: FakeClock, passes_within: float) -> Callable[[], object]:
    """The cloud does not answer until then."""

    def answer() -> object:
        if clock.seconds < seconds:
            problem = DriverError("the cloud does not answer")
            problem.may_pass_within = passes_within
            raise problem
        return Restored(True, BEFORE)

    return answer


def restored(cloud: FakeCloud) -> tuple[Restored, list[str]]:
    told: list[str] = []
    return put_back(cloud.drivers(), RestoreTraffic(LEASED, BEFORE), told.append), told


def test_it_is_asked_again_for_as_long_as_that_may_help() -> None:
    clock = FakeClock()
    answer, told = restored(FakeCloud(clock=clock, fails={"restore": away(100, clock, RETRIES_FOR)}))
    assert answer.complete and clock.seconds >= 100
    assert told[0] == (
        "the traffic is not back yet: the cloud does not answer; trying again for 300 s (Ctrl-C stops that)"
    )
    assert 5 <= len(told) <= 8, "about every 15 s"


@pytest.mark.parametrize(("passes_within", "took"), [(0.0, 0.0), (60.0, 60.0)])
def test_and_no_longer(passes_within: float, took: float) -> None:
    clock = FakeClock()
    with pytest.raises(DriverError):
        restored(FakeCloud(clock=clock, fails={"restore": away(1000, clock, passes_within)}))
    assert took <= clock.seconds <= took + 3


def test_waiting_ends_at_the_first_request_to_stop() -> None:
    clock = FakeClock(interrupt_at=[20.0])
    with pytest.raises(Interrupted):
        restored(FakeCloud(clock=clock, fails={"restore": away(1000, clock, RETRIES_FOR)}))
    assert clock.seconds < 25


def test_moving_ends_at_the_second_one() -> None:
    stops = [Interrupted("SIGINT"), Interrupted("SIGINT")]

    def stopped() -> object:
        raise stops.pop(0)

    with pytest.raises(Interrupted):
        restored(FakeCloud(fails={"restore": stopped}))
    stops.append(Interrupted("SIGINT"))
    cloud = FakeCloud()
    cloud.fails["restore"] = lambda: cloud.fails.pop("restore") and stopped()
    answer, told = restored(cloud)
    assert answer.complete and told == ["the traffic is put back first (again to stop at once)"]
