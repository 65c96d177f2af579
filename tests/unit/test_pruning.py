"""What prune may take away: nothing that serves, has a tag, is the latest, or that a release names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.pruning import (
    OldRevision,
    Prunable,
    StoredImage,
    judge_images,
    judge_revisions,
    needed_once_pruned,
)
from deploy_lib.model.state import LeaseState, PastRelease, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NAME = "host/p/images/backend"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def at(number: int) -> datetime:
    return NOON + timedelta(hours=number)


def serving(**shares: int) -> TrafficMap:
    return TrafficMap(tuple(TrafficTarget(name, percent, None) for name, percent in shares.items()))


def past(candidate: str, number: int, outcome: Outcome = Outcome.LIVE, **maps: TrafficMap) -> PastRelease:
    return PastRelease(f"id-{candidate}", "abc", digest(number), candidate, outcome, NOON, **maps)


def left(candidate: str, number: int, before: str) -> UnfinishedRelease:
    image = f"{NAME}@{digest(number)}"
    return UnfinishedRelease("id-open", "abc", image, candidate, None, serving(**{before: 100}), 0, 0, 0)


FOUND = Prunable(
    ServiceState(True, traffic=serving(r9=100)),
    tuple(OldRevision(f"r{number}", f"{NAME}@{digest(number)}", at(number)) for number in range(10)),
    {"r9": "it serves 100 %"},
    tuple(StoredImage(digest(number), (f"{number:040x}",), at(number)) for number in range(10)),
)


@pytest.mark.parametrize(
    ("state", "led_to", "keep", "gone"),
    [
        pytest.param({}, {}, 3, "r0 r1 r2 r3 r4 r5 r6", id="all but the newest"),
        pytest.param({}, {}, 20, "", id="fewer than are kept"),
        pytest.param({}, {"r0": "it serves 1 %", "r1": "it has the tag old"}, 7, "r2", id="served and tagged"),
        pytest.param({"history": (past("r0", 0),)}, {}, 8, "r1", id="the candidate of a release"),
        pytest.param({"history": (past("r0", 0, Outcome.REJECTED),)}, {}, 8, "r1", id="of a rejected one, too"),
        pytest.param(
            {"history": (past("r9", 9, traffic=serving(r9=100), before=serving(r0=60, r1=40)),)},
            {}, 7, "r2", id="what a rollback puts back",
        ),
        pytest.param({"left": left("r1", 1, "r0")}, {}, 7, "r2", id="a release that has not ended"),
        pytest.param({"unfinished": left("r1", 1, "r0")}, {}, 7, "r2", id="one to be resumed"),
    ],
)  # fmt: skip
def test_which_revisions_go(state: dict[str, Any], led_to: dict[str, str], keep: int, gone: str) -> None:
    found = replace(FOUND, state=replace(FOUND.state, **state), led_to={**FOUND.led_to, **led_to})
    judged = judge_revisions(found, keep)
    assert sorted(each.name for each in judged if each.goes) == gone.split()
    assert [each.name for each in judged] == [f"r{number}" for number in range(9, -1, -1)]


@pytest.mark.parametrize(
    ("state", "images", "elsewhere", "gone"),
    [
        pytest.param({}, FOUND.images, {}, [0, 1, 2, 3, 4, 5, 6, 7], id="all that no revision left runs"),
        pytest.param({}, FOUND.images, {digest(3): "needed"}, [0, 1, 2, 4, 5, 6, 7], id="run by another service"),
        pytest.param({"history": (past("gone", 2),)}, FOUND.images, {}, [0, 1, 3, 4, 5, 6, 7], id="of a release"),
        pytest.param({"left": left("gone", 2, "r9")}, FOUND.images, {}, [0, 1, 3, 4, 5, 6, 7], id="of an open one"),
        pytest.param(
            {}, (StoredImage(digest(0), ("0" * 40, "v1.2"), at(0)), *FOUND.images[1:]), {}, [1, 2, 3, 4, 5, 6, 7],
            id="with a tag that no release gave",
        ),
        pytest.param(
            {}, (StoredImage(digest(0), ("20260302t120000-backend-9f8e7d6-a1b2",), at(0)), *FOUND.images[8:]), {}, [0],
            id="with the tag of a release",
        ),
        pytest.param({}, (StoredImage(digest(50), (), None), *FOUND.images[8:]), {}, [50], id="without tag or time"),
    ],
)  # fmt: skip
def test_which_images_go(
    state: dict[str, Any], images: tuple[StoredImage, ...], elsewhere: dict[str, str], gone: list[int]
) -> None:
    found = replace(FOUND, state=replace(FOUND.state, **state), images=images)
    judged = judge_images(found, judge_revisions(found, 2), 2, elsewhere)
    assert sorted(each.name for each in judged if each.goes) == [digest(number) for number in gone]


def test_whatever_there_is_what_serves_stays() -> None:
    """However few are kept, and whatever times are missing."""
    found = replace(FOUND, revisions=tuple(replace(each, created=None) for each in FOUND.revisions))
    for keep in range(1, 12):
        assert not next(each for each in judge_revisions(found, keep) if each.name == "r9").goes


LEASED = LeaseState("someone", NOON, at(1), expired=False)


@pytest.mark.parametrize(
    ("keep", "lease", "stays", "gone"),
    [
        pytest.param(2, None, False, [0, 1, 2, 3, 4, 5, 6, 7], id="pruned as well"),
        pytest.param(4, None, False, [0, 1, 2, 3, 4, 5], id="as far as it is pruned"),
        pytest.param(2, None, True, [], id="it is not pruned"),
        pytest.param(2, LEASED, False, [], id="somebody deploys there"),
    ],
)
def test_what_another_region_needs_stays(keep: int, lease: LeaseState | None, stays: bool, gone: list[int]) -> None:
    other = replace(FOUND, state=replace(FOUND.state, lease=lease))
    elsewhere = needed_once_pruned(other, keep, stays=stays)
    judged = judge_images(FOUND, judge_revisions(FOUND, 2), 2, elsewhere)
    assert sorted(each.name for each in judged if each.goes) == [digest(number) for number in gone]
