"""Which traffic a rollback puts back, over states of values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy_lib.cli.failure import Failure
from deploy_lib.cli.rollback.target import target_of
from deploy_lib.model.answers import LeftBehind
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.state import PastRelease, RevisionState, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from tests.unit.samples import NOON

Shares = dict[str, int]
NOTHING: Shares = {}


def traffic(shares: Shares, tag: str | None = None) -> TrafficMap:
    tags = (TrafficTarget(next(iter(shares)), 0, tag),) if tag else ()
    return TrafficMap((*(TrafficTarget(name, percent) for name, percent in shares.items()), *tags))


def past(candidate: str | None, before: Shares, left: Shares, outcome: Outcome = Outcome.LIVE) -> PastRelease:
    name = f"release-of-{candidate}"
    to_blame = outcome is Outcome.REJECTED
    return PastRelease(name, "c" * 40, None, candidate, outcome, NOON, traffic(left), traffic(before), to_blame)


A = past("a", {}, {"a": 100})
B = past("b", {"a": 100}, {"b": 100})
C = past("c", {"a": 40, "b": 60}, {"c": 100})
BACK_TO_B = past("b", {"b": 100}, {"b": 100})
SICK = past("s", {"b": 100}, {"b": 100}, Outcome.REJECTED)
INNOCENT = replace(SICK, image_is_to_blame=False)
OLD = past("b", {}, {"b": 100})  # written before releases remembered what they found


def state(
    now: Shares, *history: PastRelease, unready: str = "", gone: str = "", left: LeftBehind | None = None
) -> ServiceState:
    revisions = tuple(
        RevisionState(name, "image", name not in unready, NOON, reason="it crashes" if name in unready else "")
        for name in "abcs"
        if name not in gone
    )
    return ServiceState(True, traffic=traffic(now, "mine"), history=history, revisions=revisions, unfinished=left)


HELD = LeftBehind("held", "c" * 40, None, "c", "canary", traffic({"a": 30, "b": 70}), 1, 1, 10)


@pytest.mark.parametrize(
    ("given", "to", "shares"),
    [
        pytest.param(state({"b": 100}, B, A), None, {"a": 100}, id="what the release found"),
        pytest.param(state({"c": 100}, C, B, A), None, {"a": 40, "b": 60}, id="a split made by hand"),
        pytest.param(state({"b": 100}, SICK, B, A), None, {"a": 100}, id="a rejected release changed nothing"),
        pytest.param(state({"b": 100}, BACK_TO_B, C, B, A), None, {"a": 100}, id="after a rollback, further back"),
        pytest.param(state({"b": 100}, OLD, A), None, {"a": 100}, id="records without what was found"),
        pytest.param(state({"x": 100}, C, B), None, {"c": 100}, id="someone else made what serves"),
        pytest.param(state({"c": 10, "b": 90}, B, left=HELD), None, {"a": 30, "b": 70}, id="a held release"),
        pytest.param(state({"b": 100}, B, A), "a", {"a": 100}, id="to a revision"),
        pytest.param(state({"b": 100}, INNOCENT, B), "s", {"s": 100}, id="rejected, not for its image"),
        pytest.param(state({"b": 100}, B, A), "release-of-a", {"a": 100}, id="to a release"),
    ],
)
def test_target(given: ServiceState, to: str | None, shares: Shares) -> None:
    found = target_of(given, to, force=False)
    assert found is not None
    assert found.shares() == shares
    assert given.unfinished or found.tags() == given.traffic.tags(), "tags stay"


@pytest.mark.parametrize(
    ("given", "to", "said"),
    [
        pytest.param(ServiceState(False), None, "no such service", id="no service"),
        pytest.param(state({"a": 100}, A), None, "no earlier traffic; name a revision with --to", id="first"),
        pytest.param(state({"a": 100}, past("a", {"a": 100}, {"a": 100}), B, A), None, "no earlier", id="all undone"),
        pytest.param(state({"b": 100}, B, A, gone="a"), None, "there is no revision a", id="deleted"),
        pytest.param(state({"b": 100}, B, A, unready="a"), None, "a is recorded as failed (it crashes)", id="unready"),
        pytest.param(state({"b": 100}, SICK, B), "s", "release release-of-s was rejected", id="rejected"),
        pytest.param(state({"b": 100}, past(None, {}, {"b": 100})), "release-of-None", "no revision", id="no revision"),
    ],
)
def test_refusal(given: ServiceState, to: str | None, said: str) -> None:
    with pytest.raises(Failure) as refused:
        target_of(given, to, force=False)
    assert said in refused.value.message


def test_force_goes_back_to_what_failed() -> None:
    found = target_of(state({"b": 100}, SICK, B), "s", force=True)
    assert found is not None
    assert found.shares() == {"s": 100}


def test_what_serves_already_is_nothing_to_do() -> None:
    assert target_of(state({"b": 100}, B, A), "b", force=False) is None
