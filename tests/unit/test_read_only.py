"""What `plan` foresees: checks that only read are made, everything else is described, and nothing is changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy_lib.model import answers
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options, Status
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.plan import Plan
from deploy_lib.release.executor import execute
from deploy_lib.release.read_only import Foreseen, ForeseenEnd, ReadOnlyRelease
from tests.unit.fake_cloud import FakeCloud, unknown
from tests.unit.samples import RELEASE, plan, step

PLAN = plan(
    step("git_clean"),
    step("config_contract"),
    step("build"),
    step("canary"),
    step("promote", percent=10),
    step("compare"),
    step("promote", percent=100),
    step("verify"),
)
BAD = Finding(Code.SECRET_MISSING, Severity.ERROR, "there is no secret db")
CHANGES = {"take_lease", "build", "create_revision", "move_traffic", "restore", "record_passed", "verify_traffic"}


def foreseen(cloud: FakeCloud, release: object = RELEASE, chosen: Plan = PLAN) -> tuple[ForeseenEnd, list[Foreseen]]:
    shown: list[Foreseen] = []
    end = execute(ReadOnlyRelease(chosen, release, cloud.drivers(), cloud, shown.append))  # type: ignore[arg-type]
    return end, shown


def test_only_what_reads_is_done_and_every_step_is_shown() -> None:
    cloud = FakeCloud()
    end, shown = foreseen(cloud)
    assert end == ForeseenEnd(Outcome.LIVE, "no check would reject this release")
    assert [line.label for line in shown] == ["serving now", *(each.label for each in PLAN.steps)]
    assert all(line.description for line in shown), "a step that nobody knows closer is described as well"
    assert [line.label for line in shown if line.status is Status.PASSED] == ["git_clean", "config_contract"]
    assert cloud.asked == ["read_state", "read_checkout", "check", "preview"] and not CHANGES & {*cloud.asked}
    assert cloud.maps == []


@pytest.mark.parametrize(
    ("fails", "outcome"),
    [
        ({"check": unknown()}, Outcome.UNKNOWN),
        ({"read_state": unknown()}, Outcome.UNKNOWN),
        ({"preview": unknown()}, Outcome.UNKNOWN),
        ({"check": lambda: answers.ContractRead((BAD,))}, Outcome.REJECTED),
    ],
    ids=["a check", "the service", "the revision", "rejected"],
)
def test_it_goes_on_after_what_fails_to_tell_all(fails: dict[str, object], outcome: Outcome) -> None:
    end, shown = foreseen(FakeCloud(fails=fails))  # type: ignore[arg-type]
    assert end.outcome is outcome
    assert [line.label for line in shown][-1] == "verify"


@pytest.mark.parametrize("fails", ["read_state", "preview"])
def test_of_a_service_that_cannot_be_read_nothing_is_made_up(fails: str) -> None:
    """It is not taken for new, and no share is told of a revision without a name."""
    _, shown = foreseen(FakeCloud(fails={fails: unknown()}))
    told = {line.label: line.description for line in shown}
    assert "compare 60 s" in told
    assert {told["promote 10 %"], told["promote 100 %"]} == {"moves this share of the traffic to the candidate"}


def test_what_is_left_out_is_left_out() -> None:
    _, first = foreseen(FakeCloud(traffic=TrafficMap()))
    assert "compare 60 s" not in [line.label for line in first], "there is nothing to compare with"
    assert "all traffic, as the service's first" in next(line.description for line in first if line.label == "canary")
    end, quiet = foreseen(FakeCloud(), replace(RELEASE, options=Options(traffic=False)))
    assert end.outcome is Outcome.READY
    assert [line.label for line in quiet if line.status is Status.SKIPPED] == [each.label for each in PLAN.steps[4:]]
