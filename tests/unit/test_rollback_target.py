"""Which traffic a rollback puts back, over states of values: tests/cases/rollback/target.yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release_history import drift
from deploy_lib.model.state import LeaseState, MadeByHand, PastRelease, RevisionState, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.release.rollback.target import choose
from tests.golden_file import read_cases
from tests.unit.samples import NOON

CASES = read_cases(Path(__file__).parents[1] / "cases" / "rollback" / "target.yaml")
COMMIT = "c" * 40


def traffic(shares: dict[str, int], **tags: str) -> TrafficMap:
    tagged = (TrafficTarget(name, 0, tag) for tag, name in tags.items())
    return TrafficMap((*(TrafficTarget(name, percent) for name, percent in shares.items()), *tagged))


def state(case: dict[str, Any]) -> ServiceState:
    history = tuple(
        PastRelease(
            name,
            COMMIT,
            None,
            made,
            Outcome(outcome),
            NOON,
            traffic(left),
            traffic(found),
            name in case.get("blamed", ()),
        )
        for name, outcome, made, found, left in case["history"]
    )
    known = [name for name in "abcds" if name not in case.get("gone", ())]
    revisions = tuple(
        RevisionState(name, "image", name not in case.get("unready", ()), NOON,
                      reason="it crashes" if name in case.get("unready", ()) else "")
        for name in known
    )  # fmt: skip
    given, left = case.get("left"), None
    if given:
        left = UnfinishedRelease(
            given["id"], COMMIT, None, given["candidate"], "canary", traffic(given["before"]), given["asked"], 0, 0,
            restored=given.get("restored", False),
        )  # fmt: skip
    tags = {"mine": "a", **({"canary": given["candidate"]} if given and given["candidate"] else {})}
    return ServiceState(True, traffic=traffic(case["now"], **tags), history=history, revisions=revisions, left=left)


@pytest.mark.parametrize("case", [each for each in CASES if "target" in each], ids=lambda case: case["case"])
def test_target(case: dict[str, Any]) -> None:
    found = choose(state(case), case.get("to"), force=case.get("force", False))
    assert found.target.shares() == case["target"]
    assert found.there is case.get("there", False)
    assert found.why == case.get("why", found.why)
    assert list(found.passed_over) == case.get("passed_over", [])
    assert found.target.tags() == {"mine": "a"}, "tags stay, but that of the release which ends by it"


@pytest.mark.parametrize("case", [each for each in CASES if "refused" in each], ids=lambda case: case["case"])
def test_refusal(case: dict[str, Any]) -> None:
    with pytest.raises(NotPossible) as refused:
        choose(state(case), case.get("to"))
    assert case["refused"] in refused.value.message
    assert refused.value.code == 1


def test_a_service_that_does_not_exist() -> None:
    with pytest.raises(NotPossible, match="no such service"):
        choose(ServiceState(False))


B = ["B", "live", "b", {"a": 100}, {"b": 100}]
DEPLOYS = LeaseState("ann", NOON, NOON, False, "K")


@pytest.mark.parametrize(
    ("now", "history", "left", "lease", "changed"),
    [
        pytest.param({"b": 100}, [B], None, None, False, id="as it was left"),
        pytest.param({"b": 70, "a": 30}, [B], None, None, True, id="a split made by hand"),
        pytest.param({"b": 70, "c": 30}, [B], "K", None, False, id="a release that nobody ended may have moved it"),
        pytest.param({"b": 70, "c": 30}, [B], None, DEPLOYS, False, id="a release that runs may have moved it"),
        pytest.param({"b": 60, "c": 40}, [["H", "held", "c", {"b": 100}, {"b": 90, "c": 10}], B], "H", None, True,
                     id="changed under a held release"),
        pytest.param({"b": 100}, [], None, None, False, id="nothing is remembered"),
    ],
)  # fmt: skip
def test_what_was_changed_by_hand(
    now: dict[str, int], history: list[Any], left: str | None, lease: LeaseState | None, changed: bool
) -> None:
    given = {"id": left, "candidate": "c", "before": {"b": 100}, "asked": 1} if left else None
    known = replace(state({"now": now, "history": history, "left": given}), lease=lease, last_modifier="ann")
    found = drift(replace(known, traffic=traffic(now)))
    assert (found is not None) is changed
    if found is not None:
        assert f"and now there is {found.now}; the service was last changed by ann" in str(found)


@pytest.mark.parametrize(
    ("now", "labels", "made", "told", "consequence"),
    [
        pytest.param(traffic({"b": 100}, x="b"), {"team": "a"}, None, "", "", id="as it was left"),
        pytest.param(
            traffic({"b": 100}, y="a"), {"team": "a"}, None,
            "the tag x was removed (it was on b); the tag y was added (on a)", "leaves tags and labels", id="tags",
        ),
        pytest.param(
            traffic({"b": 100}, x="b"), {"team": "z"}, None,
            "the label team was changed (a -> z)", "leaves tags and labels", id="labels",
        ),
        pytest.param(
            traffic({"b": 100}, x="b"), {"team": "a"}, MadeByHand("h", ("memory: 1Gi -> 2Gi",)),
            "the revision h was made (memory: 1Gi -> 2Gi)", "overwrites what h set", id="a revision without users",
        ),
        pytest.param(
            traffic({"h": 100}, x="b"), {"team": "a"}, MadeByHand("h", ("image: i -> j",)),
            "it left b 100 %, and now there is h 100 %; the revision h was made (image: i -> j)",
            "what h set is kept, but for the image", id="a revision with the users",
        ),
    ],
)  # fmt: skip
def test_what_else_was_changed_by_hand(
    now: TrafficMap, labels: dict[str, str], made: MadeByHand | None, told: str, consequence: str
) -> None:
    past = PastRelease("B", COMMIT, None, "b", Outcome.LIVE, NOON, traffic({"b": 100}, x="b"), labels={"team": "a"})
    found = drift(ServiceState(True, traffic=now, history=(past,), labels=labels, made_by_hand=made))
    assert (found is not None) is bool(told)
    assert not found or (told in str(found) and consequence in found.consequence), str(found)
    assert drift(ServiceState(True, traffic=past.traffic, history=(replace(past, labels=None),), labels=labels)) is None
