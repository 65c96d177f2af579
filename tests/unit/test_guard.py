"""What a guard makes of what it sees, and what it puts back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy_lib.cli.arguments import parse
from deploy_lib.cli.guard import main
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.service import Guard
from deploy_lib.model.state import LeaseState, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.release.guard import Abandoned, Over, Watching, look
from deploy_lib.release.rollback.target import undo
from tests.unit.fake_cloud import FakeCloud
from tests.unit.samples import NOON, SERVICE, plan
from tests.unit.test_run import release

LEFT = UnfinishedRelease("R", "c" * 40, None, "new", "canary", TrafficMap((TrafficTarget("old", 100),)), 1, 1, 50)
HALF = LEFT.before.tagged("canary", "new").moved("new", 50)


def lease(release_id: str | None = "R", *, expired: bool = False) -> LeaseState:
    return LeaseState("ann", NOON, NOON, expired, release_id)


ALIVE = ServiceState(True, traffic=HALF, lease=lease(), left=LEFT, unfinished=LEFT)
DEAD = replace(ALIVE, lease=lease(expired=True))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(ALIVE, Watching, id="its client renews the lease"),
        pytest.param(DEAD, Abandoned, id="nobody does, and users are on the candidate"),
        pytest.param(replace(DEAD, traffic=LEFT.before), Over, id="no user is on the candidate"),
        pytest.param(replace(ALIVE, lease=None), Over, id="it gave the lease back, with users on the candidate"),
        pytest.param(replace(ALIVE, lease=lease("S")), Over, id="another release has the service"),
        pytest.param(replace(ALIVE, lease=lease(None)), Over, id="a person holds the service"),
        pytest.param(replace(DEAD, lease=lease("S", expired=True)), Over, id="another client died"),
        pytest.param(replace(DEAD, left=replace(LEFT, release_id="S")), Over, id="another release left it"),
        pytest.param(replace(DEAD, left=replace(LEFT, restored=True)), Over, id="its traffic was put back"),
        pytest.param(replace(DEAD, left=None), Over, id="no record is left"),
        pytest.param(ServiceState(False), Over, id="the service was deleted"),
    ],
)
def test_what_is_seen(state: ServiceState, expected: type) -> None:
    assert type(look(state, "R")) is expected


def test_it_puts_back_the_recorded_map_alone_and_only_over_what_the_release_left() -> None:
    choice = undo(DEAD, "R", tag="canary")
    assert (choice.target.shares(), choice.target.tags(), choice.there) == ({"old": 100}, {}, False)
    assert choice.ends is not None
    assert [each.shares() for each in choice.ends.own_traffic_maps()] == [
        {"old": 50, "new": 50}, {"old": 100}, {"old": 100},
    ]  # fmt: skip
    for state in (replace(DEAD, unfinished=None), replace(DEAD, unfinished=replace(LEFT, release_id="S"))):
        with pytest.raises(NotPossible, match="left nothing to put back"):
            undo(state, "R")
    with pytest.raises(NotPossible, match="nothing served before"):
        undo(replace(DEAD, unfinished=replace(LEFT, before=TrafficMap())), "R")


@pytest.mark.standard
def test_it_watches_one_service(tmp_path: Path) -> None:
    text = "project: netra-staging\nregion: us-central1\nimages: h/p/s\nsteps: [build, canary]\n"
    (tmp_path / "c.yaml").write_text(text + "services: {a: {cloud_run: a}, b: {cloud_run: b}}\n")
    with pytest.raises(NotPossible, match="give one --service"):
        main(parse(["guard", "R", "--config", str(tmp_path / "c.yaml"), "--all"]))


GUARDED = replace(plan(), service=replace(SERVICE, guard=Guard()))


def test_one_is_left_before_each_move_of_traffic_and_ended_with_the_release() -> None:
    cloud = FakeCloud()
    assert release(cloud, GUARDED)[0].outcome is Outcome.LIVE
    told = [each for each in cloud.asked if each in ("leave", "move_traffic", "end") or each.startswith("end_lease")]
    assert told == ["leave", "move_traffic", "leave", "move_traffic", "end_lease live", "end"]


def test_without_one_that_is_asked_for_nothing_is_moved() -> None:
    def refused() -> object:
        raise DriverError("you may not start builds", "ask for it")

    cloud = FakeCloud(fails={"leave": refused})
    stopped, _ = release(cloud, GUARDED)
    assert stopped.outcome is Outcome.UNKNOWN
    assert "no guard could be left" in stopped.reason and "you may not start builds (ask for it)" in stopped.reason
    assert "move_traffic" not in cloud.asked and "end" not in cloud.asked


def test_a_service_without_a_guard_asks_for_none() -> None:
    cloud = FakeCloud()
    release(cloud, plan())
    assert not {"leave", "end"} & {*cloud.asked}
