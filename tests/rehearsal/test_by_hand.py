"""Traffic that somebody changed while a release ran: what serves can be made the new baseline, or be put back."""

from __future__ import annotations

import pytest
from google.cloud import run_v2

from tests.operations import ended
from tests.rehearsal.cli_harness import CliHarness, CommandResult
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import REST, TENTH, compare, stable, when

WHOLE = (*TENTH, *REST)


def held(harness: CliHarness, **behave: object) -> tuple[str, CommandResult]:
    """A release that met another map at its second promotion."""
    old, other = stable(harness), OtherClient(harness)

    def change() -> None:
        new = next(name for name in harness.now if name != old)
        other.split({old: 70, new: 30}, other.tags())

    steps = (*TENTH, *REST)
    result = harness.release(harness.config(steps, behave), cue=when("promote 10 %", change))
    assert (result.code, result.statuses[-1]) == (3, ("promote 100 %", "inconclusive"))
    return old, result


@pytest.mark.parametrize("state", ["state", "another"], ids=["this machine", "another machine"])
def test_accepted_it_goes_on_from_what_serves(harness: CliHarness, state: str) -> None:
    old, result = held(harness, n=1)
    config = harness.config((*TENTH, *REST), {"n": 1})
    again = harness.command("resume", config)
    assert (again.code, "changed the traffic" in again.stopped["reason"]) == (3, True), again.stopped
    assert " resume --accept " in again.stopped["next_commands"][0]
    accepted = harness.command("resume", config, "--accept", state=harness.root / state)
    assert accepted.code == 0, accepted.stopped
    new = result.candidate
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}, {old: 70, new: 30}, {new: 100}]
    assert accepted.stopped["serving"] == f"{new} 100 %"


def test_what_was_accepted_is_put_back_without_the_candidate(harness: CliHarness) -> None:
    old, result = held(harness, fail_every=1)
    config = harness.config((*TENTH, {"promote": {"percent": 60}}, compare("60s"), *REST), {"fail_every": 1})
    failed = harness.command("resume", config, "--accept")
    new = result.candidate
    assert failed.code == 1, failed.stopped
    assert harness.maps()[-3:] == [{old: 70, new: 30}, {old: 40, new: 60}, {old: 100}]
    assert failed.stopped["serving"] == f"{old} 100 %"


def test_held_it_can_be_rolled_back(harness: CliHarness) -> None:
    old, result = held(harness, n=1)
    status = harness.command("status", harness.config(WHOLE, {"n": 1}), "--output", "text").errors
    assert "rollback" in status and "resume" in status
    rolled = harness.command("rollback", harness.config(WHOLE, {"n": 1}))
    assert (rolled.code, harness.now) == (0, {old: 100}), rolled.errors
    assert result.candidate not in OtherClient(harness).tags().values()


@pytest.mark.parametrize(
    ("least", "tags", "said"),
    [
        pytest.param(0, {"canary"}, "keeps its tag canary", id="no minimum"),
        pytest.param(1, set(), "lost its tag canary", id="a minimum that is paid"),
    ],
)
def test_a_candidate_rejected_with_traffic_keeps_its_tag_only_where_that_is_free(
    harness: CliHarness, least: int, tags: set[str], said: str
) -> None:
    old = stable(harness)
    entry = harness.entry(harness.service, {"fail_every": 1}, instances={"min": least, "max": 3})
    result = harness.release(harness.config((*TENTH, compare("60s"), *REST), services={"backend": entry}))
    assert (result.code, harness.now) == (1, {old: 100}), result.stopped
    found = OtherClient(harness).tags()
    assert {tag for tag, name in found.items() if name == result.candidate} == tags
    assert any(said in event["text"] for event in result.of_type("progress")), result.events


def test_a_candidate_rejected_before_it_had_traffic_loses_its_tag(harness: CliHarness) -> None:
    old = stable(harness)
    steps = (*TENTH[:2], {"probe": {"attempts": 3, "need": 2, "every": "20ms"}}, *REST)
    result = harness.release(harness.config(steps, {"health": 503}))
    assert (result.code, harness.maps()) == (1, [{old: 100}])
    assert OtherClient(harness).tags() == {}
    [said] = [event["text"] for event in result.of_type("progress") if "lost its tag" in event["text"]]
    assert said.startswith(f"{result.candidate} lost its tag canary")
    assert any(" report " in command for command in result.stopped["next_commands"])


@pytest.mark.slow
def test_a_service_deleted_meanwhile_serves_nothing(harness: CliHarness) -> None:
    stable(harness)
    other = OtherClient(harness)

    def delete() -> None:
        ended(other.services.delete_service(name=other.path))

    result = harness.release(harness.config((*TENTH, *REST), {"n": 1}), cue=when("canary", delete))
    assert result.code != 0
    assert result.stopped["serving"] == "nothing; the service does not exist"


def test_a_tag_a_label_and_a_template_changed_by_hand_are_told_before_they_are_overwritten(harness: CliHarness) -> None:
    old, other, made = stable(harness), OtherClient(harness), f"{harness.service}-by-hand"
    config = harness.config(WHOLE, {"n": 1})
    assert harness.command("status", config).events[0]["by_hand"] is None

    def change(service: run_v2.Service) -> None:
        service.template.revision = made
        service.template.containers[0].env.append(run_v2.EnvVar(name="FLAG", value="hush"))
        service.template.containers[0].resources.limits["memory"] = "512Mi"
        service.template.labels["team"] = "payments"
        service.labels["owner"] = "anna"

    other.change(change, "template", "labels")
    other.split({old: 100}, {"preview": old})
    told = [
        f"the revision {made} was made (memory: 256Mi -> 512Mi, variable FLAG: added, plain value, the label team was "
        f"added (payments)); the tag canary was removed (it was on {old}); the tag preview was added (on {old}); "
        f"the label owner was added (anna); the service was last changed by ann@example.invalid, at 20",
        f"a release starts from what serves, so that it overwrites what {made} set",
    ]
    for command in ("status", "plan"):
        text = harness.command(command, config, "--output", "text").errors
        assert all(each in text for each in told), text
        assert "hush" not in text and "last-release" not in text
    result = harness.release(config)
    assert result.code == 0, result.stopped
    assert all(each in result.of_type("lease")[0]["by_hand"] for each in told)
    assert "FLAG" not in {each.name for each in other.template_of(result.candidate).containers[0].env}
    assert other.tags()["preview"] == old and other.read().labels["owner"] == "anna"
    assert harness.command("status", config).events[0]["by_hand"] is None
