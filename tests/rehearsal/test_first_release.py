"""A service's first release has nothing beside it: nothing to compare with, nothing to go back to."""

from __future__ import annotations

from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, REST, SHORT

PROBED = (*BUILT, {"probe": {"attempts": 4, "need": 2, "every": "20ms"}}, *REST)


def test_it_fails_at_start(harness: CliHarness) -> None:
    result = harness.release(harness.config(PROBED, {"exit_at_start": 3}))
    assert (result.code, result.statuses[-1]) == (1, ("canary", "failed"))
    assert harness.maps() == []
    assert result.stopped["serving"] == "nothing; the service has no revision that came up"
    assert OtherClient(harness).lease() is None


def test_after_that_a_good_one_gets_all_traffic(harness: CliHarness) -> None:
    harness.release(harness.config(SHORT, {"exit_at_start": 3})).ended(1)
    result = harness.release(harness.config(PROBED, {"n": 1}), "--force")
    assert result.code == 0, f"{result.statuses} {result.errors}"
    assert harness.now == {result.candidate: 100}


def test_it_fails_at_the_probe_and_there_is_nothing_to_go_back_to(harness: CliHarness) -> None:
    result = harness.release(harness.config(PROBED, {"health": 500}))
    new = result.candidate
    assert (result.code, result.statuses[-1]) == (1, ("probe", "failed"))
    assert harness.maps() == [{new: 100}]
    assert result.stopped["serving"] == f"{new} 100 %"


def test_it_fails_after_its_promotion_and_a_person_must_decide(harness: CliHarness) -> None:
    steps = (*SHORT, {"probe": {"attempts": 4, "need": 2, "every": "20ms"}})
    result = harness.release(harness.config(steps, {"health": 500}))
    new = result.candidate
    assert (result.code, result.statuses[-1]) == (3, ("probe", "failed"))
    assert "there is no earlier revision to go back to" in result.stopped["reason"]
    assert harness.maps() == [{new: 100}]


def test_its_plan_compares_nothing(harness: CliHarness) -> None:
    steps = (*BUILT, {"promote": {"percent": 10}}, {"compare": {"for": "60s"}}, *REST)
    told = harness.command("plan", harness.config(steps))
    assert told.code == 0, told.errors
    planned = [event["step"] for event in told.events]
    assert "promote 100 %" in planned and not [step for step in planned if step.startswith("compare")]
