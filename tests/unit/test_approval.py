"""Which release a person may say yes to: a table of what the service says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deploy_lib.cli.approve import of_any_service, plans_of
from deploy_lib.cli.arguments import parse
from deploy_lib.cli.status import unfinished_words
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.approval import Approval, ApprovalAsked
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.state import LeaseState, PastRelease, ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.approval import approvable
from tests.unit.samples import BEFORE, NOON, plan

ASKED = ApprovalAsked("", NOON, NOON + timedelta(hours=1))
GIVEN = replace(ASKED, approval=Approval("ann at desk", NOON, "well"))
LEFT = UnfinishedRelease("r-1", "c" * 40, None, "cand-2", "canary", BEFORE, 1, 1, 10, approvals=(ASKED,))
LEASE = LeaseState("ben", NOON, NOON + timedelta(minutes=10), False, "r-1")
PAST = PastRelease("r-0", "c" * 40, None, "cand-1", Outcome.LIVE, NOON)


def state(**left: Any) -> ServiceState:
    return ServiceState(True, left=replace(LEFT, **left), history=(PAST,))


@pytest.mark.parametrize(
    ("found", "wanted", "later", "refused"),
    [
        (state(), "r-0", 0, "backend: r-0 is over: it ended live at 2026-03-02 12:00 UTC"),
        (state(), "r-9", 0, "no release r-9 of backend is under way, and none of the last ones was called so"),
        (state(restored=True), "r-1", 0, "backend: r-1 is over: its users were put back"),
        (state(approvals=()), "r-1", 0, "backend: r-1 waits for no approval"),
        (
            state(approvals=(GIVEN,)),
            "r-1",
            0,
            "backend: r-1 was approved already, by ann at desk at 2026-03-02 12:00 UTC: well",
        ),
        (state(), "r-1", 60, "backend: the time to approve r-1 was over at 2026-03-02 13:00 UTC; what then follows: "),
        (
            ServiceState(False),
            "r-1",
            0,
            "no release r-1 of backend is under way, and none of the last ones was called so",
        ),
    ],
)
def test_what_cannot_be_approved_is_refused_in_one_line(
    found: ServiceState, wanted: str, later: int, refused: str
) -> None:
    with pytest.raises(NotPossible) as problem:
        approvable([(plan(), found)], wanted, NOON + timedelta(minutes=later))
    assert problem.value.message.startswith(refused)
    assert "\n" not in problem.value.message and problem.value.code == 2


def test_the_end_of_an_id_is_enough_where_it_names_one_release() -> None:
    waits = replace(state(approvals=(GIVEN, replace(ASKED, name="qa"))), lease=LEASE)
    [found] = approvable([(plan(), waits)], "-1", NOON)
    assert (found.release_id, found.asked.name, found.waited_for) == ("r-1", "qa", True)
    assert not approvable([(plan(), state())], "r-1", NOON)[0].waited_for
    two = [(plan(), state()), (plan(), state(release_id="s-1"))]
    with pytest.raises(NotPossible, match="-1 may be r-1 and s-1; say more of it"):
        approvable(two, "-1", NOON)


def test_one_yes_is_for_all_regions_that_wait() -> None:
    """And no region is asked for beside another release."""

    def of(region: str, apart: str = "9f", **left: Any) -> tuple[Plan, ServiceState]:
        there = replace(plan().service, region=region, regions=("us-east1", "us-west1", "us-south1"))
        id_ = f"20260302t120000-backend-{region}-ccccccc-{apart}"
        return replace(plan(), service=there), state(release_id=id_, **left)

    east, west, south = of("us-east1"), of("us-west1"), of("us-south1", approvals=())
    id_ = east[1].left.release_id if east[1].left else ""
    for wanted in (id_, "-ccccccc-9f"):
        found = approvable([east, west, south], wanted, NOON)
        assert [each.plan.service.region for each in found] == ["us-east1", "us-west1"]
    assert len(approvable([east, of("us-west1", "aa")], id_, NOON)) == 1
    with pytest.raises(NotPossible, match="was approved already, by ann"):
        approvable([of("us-east1", approvals=(GIVEN,)), south], id_, NOON)


def test_the_id_says_of_which_service_it_is() -> None:
    asked = parse(["approve", "20260302t120000-web-ccccccc-abcd"])
    assert of_any_service(asked).all and not of_any_service(parse(["approve", "x", "--service", "web"])).all
    plans = [replace(plan(), service=replace(plan().service, name=name)) for name in ("backend", "web")]
    assert plans_of(asked.id, plans) == plans[1:]
    assert plans_of("abcd", plans) == plans


DEAD = replace(LEASE, holder_ended=True)
OLD = replace(LEASE, until=NOON - timedelta(seconds=1))
LATE = replace(ASKED, until=NOON)


@pytest.mark.parametrize(
    ("left", "lease", "begins", "typed"),
    [
        ({"approvals": ()}, LEASE, "release r-1 of commit ccccccc runs: ben has ", ["rollback --force"]),
        ({}, LEASE, "release r-1 of commit ccccccc runs: ben ", ["approve", "rollback --force"]),
        ({"approvals": ()}, DEAD, "release r-1 of commit ccccccc is unfinished: ben ", ["resume", "rollback --force"]),
        ({}, replace(LEASE, release_id="s"), "release r-1 of commit ccccccc is unfinished, and s runs: ben ",
         ["approve", "rollback --force"]),
        ({}, None, "release r-1 of commit ccccccc waits to be approved until ", ["approve", "rollback"]),
        ({"approvals": (LATE,)}, None,
         "release r-1 of commit ccccccc was not approved, and the time for it was over at 2026-03-02 12:00 UTC: ",
         ["resume", "rollback"]),
        ({"approvals": ()}, OLD, "unfinished release r-1 of commit ccccccc: ", ["resume", "rollback"]),
    ],
)  # fmt: skip
def test_status_names_only_what_is_not_refused(
    left: dict[str, Any], lease: LeaseState | None, begins: str, typed: list[str]
) -> None:
    unfinished = replace(LEFT, **left)
    said = unfinished_words(plan(), unfinished, ServiceState(True, lease=lease, unfinished=unfinished), NOON)
    assert said.startswith(begins)
    assert ("resume --force" in said) == (lease == DEAD)
    ways = [word for word in ("approve", "resume", "rollback --force", "rollback") if f".py {word} " in said]
    assert [way for way in ways if way != "rollback" or "rollback --force" not in ways] == typed
