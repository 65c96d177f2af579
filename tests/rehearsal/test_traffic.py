"""Traffic while a release goes well or badly: the maps it carried, what users lost, the exit code."""

from __future__ import annotations

import pytest

from tests.rehearsal.cli_harness import CliHarness, Users
from tests.rehearsal.plans import BUILT, REST, TENTH, compare, stable, when

THREE_CHOICES = ("resume", "rollback", "status")


def test_gradual_promotion_under_load_loses_nothing(harness: CliHarness) -> None:
    old = stable(harness)
    steps = (*BUILT, {"promote": {"steps": [1, 5, 25, 50, 100]}}, {"verify": {"within": "30s"}})
    with Users(f"{harness.url()}/work") as users:
        result = harness.release(harness.config(steps, {"n": 1}))
    new = result.candidate
    assert result.code == 0, result.errors
    assert harness.maps() == [
        {old: 100}, {old: 99, new: 1}, {old: 95, new: 5}, {old: 75, new: 25}, {old: 50, new: 50}, {new: 100}
    ]  # fmt: skip
    assert users.answers and users.failures() == []


def test_sick_at_ten_percent_only_for_real_requests(harness: CliHarness) -> None:
    """The comparison's own requests are fine; what users get is not."""
    old = stable(harness)
    steps = (*TENTH, compare("60s", path="/health"), *REST)
    with Users(f"{harness.url()}/work") as users:
        result = harness.release(harness.config(steps, {"fail_every": 1}))
    new = result.candidate
    assert (result.code, result.statuses[-1]) == (1, ("compare 60 s", "failed"))
    assert "real requests" in result.stopped["reason"]
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}, {old: 100}]
    lost = users.failures()
    assert lost and {revision for revision, _ in lost} == {new}
    assert len(lost) <= 0.12 * len(users.answers)


def test_slow_at_a_quarter(harness: CliHarness) -> None:
    old = stable(harness)
    steps = (*BUILT, {"promote": {"percent": 25}}, compare("60s", latency_tolerance="100ms"), *REST)
    with Users(f"{harness.url()}/work") as users:
        result = harness.release(harness.config(steps, {"slow": 0.8}))
    assert (result.code, result.statuses[-1]) == (1, ("compare 60 s", "failed"))
    assert "p95 is" in result.stopped["reason"]
    assert harness.maps() == [{old: 100}, {old: 75, result.candidate: 25}, {old: 100}]
    assert users.answers and users.failures() == []


def test_the_slower_it_is_the_sooner_it_is_told(harness: CliHarness) -> None:
    """Pairs come at their rate although none is answered in time, so that seconds are enough."""
    stable(harness)
    steps = (*BUILT, {"promote": {"percent": 50}}, {"compare": {"for": "60s", "path": "/work"}}, *REST)
    result = harness.release(harness.config(steps, {"slow": 6}))
    judged = next(event for event in result.of_type("judged") if event["kind"] == "compare")
    assert (result.code, judged["status"]) == (1, "failed"), result.stopped
    assert "too slow: p95 is" in judged["reason"] and "requests" in judged["reason"]
    assert judged["facts"]["candidate"]["requests"] < 30, "fewer answers than are needed to pass"
    assert judged["facts"]["seconds"] < 50, "it did not take until the end"


def test_a_crash_after_promotion_to_half(harness: CliHarness) -> None:
    old = stable(harness)
    steps = (*BUILT, {"promote": {"percent": 50, "bake": "60s"}}, *REST)
    with Users(f"{harness.url()}/work") as users:
        result = harness.release(harness.config(steps, {"crash_after": 20}))
    new = result.candidate
    assert (result.code, result.statuses[-1]) == (1, ("promote 50 %", "failed"))
    said = result.stopped["reason"]
    assert "its container ended 2 times" in said or "real requests" in said, "whichever was seen first"
    assert harness.maps() == [{old: 100}, {old: 50, new: 50}, {old: 100}]
    lost = users.failures()
    assert {revision for revision, _ in lost} <= {"", new}, "the front door answers for a container that is gone"
    assert len(lost) <= 0.55 * len(users.answers)


@pytest.mark.parametrize(("policy", "code"), [("hold", 3), ("restore", 1), ("continue", 0)])
def test_inconclusive_as_only_the_front_end_answers(harness: CliHarness, policy: str, code: int) -> None:
    old = stable(harness)
    steps = (*TENTH, compare("500ms", path="/nowhere"), *REST)
    result = harness.release(harness.config(steps, {"n": 1}, on_inconclusive=policy))
    new = result.candidate
    after = {"hold": [], "restore": [{old: 100}], "continue": [{new: 100}]}[policy]
    assert result.code == code, result.errors
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}, *after]
    judged = next(event for event in result.of_type("judged") if event["kind"] == "compare")
    assert judged["status"] == "inconclusive"
    assert "the front end answered, not the service" in judged["reason"]
    assert "health: {path: /...}" in judged["reason"]


def test_on_failure_hold_leaves_it_and_names_three_commands(harness: CliHarness) -> None:
    old = stable(harness)
    result = harness.release(harness.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}, on_failure="hold"))
    new = result.candidate
    assert result.code == 3
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}]
    assert result.stopped["serving"] == f"{old} 90 %, {new} 10 %"
    commands = result.stopped["next_commands"]
    assert [word for each in commands for word in THREE_CHOICES if f".py {word} " in each] == list(THREE_CHOICES)


def test_a_restore_that_is_refused_is_held_and_says_what_serves(harness: CliHarness) -> None:
    old = stable(harness)
    method = "google.cloud.run.v2.Services/UpdateService"

    def refuse() -> None:
        harness.cloud.faults({"method": method, "code": "PERMISSION_DENIED", "times": 0})

    cue = when("compare 60 s", refuse, "failed")
    result = harness.release(harness.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}), cue=cue)
    harness.cloud.clear_faults()
    new = result.candidate
    assert result.code == 3
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}]
    assert "restoring did not succeed" in result.stopped["reason"]
    assert "run.services.update" in result.stopped["reason"]
    assert result.stopped["serving"] == f"{old} 90 %, {new} 10 %"
