"""Traffic that somebody changed while a release ran: what serves can be made the new baseline, or be put back."""

from __future__ import annotations

import pytest
from google.cloud import run_v2

from tests.operations import ended
from tests.rehearsal.scripts import REST, TENTH, compare, stable, when
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import Played, Theatre

WHOLE = (*TENTH, *REST)


def held(theatre: Theatre, **behave: object) -> tuple[str, Played]:
    """A release that met another map at its second promotion."""
    old, someone = stable(theatre), Someone(theatre)

    def change() -> None:
        new = next(name for name in theatre.now if name != old)
        someone.split({old: 70, new: 30}, someone.tags())

    steps = (*TENTH, *REST)
    played = theatre.release(theatre.config(steps, behave), cue=when("promote 10 %", change))
    assert (played.code, played.statuses[-1]) == (3, ("promote 100 %", "inconclusive"))
    return old, played


@pytest.mark.parametrize("state", ["state", "another"], ids=["this machine", "another machine"])
def test_accepted_it_goes_on_from_what_serves(theatre: Theatre, state: str) -> None:
    old, played = held(theatre, n=1)
    config = theatre.config((*TENTH, *REST), {"n": 1})
    again = theatre.command("resume", config)
    assert (again.code, "changed the traffic" in again.stopped["reason"]) == (3, True), again.stopped
    assert " resume --accept " in again.stopped["next_commands"][0]
    accepted = theatre.command("resume", config, "--accept", state=theatre.root / state)
    assert accepted.code == 0, accepted.stopped
    new = played.candidate
    assert theatre.maps() == [{old: 100}, {old: 90, new: 10}, {old: 70, new: 30}, {new: 100}]
    assert accepted.stopped["serving"] == f"{new} 100 %"


def test_what_was_accepted_is_put_back_without_the_candidate(theatre: Theatre) -> None:
    old, played = held(theatre, fail_every=1)
    config = theatre.config((*TENTH, {"promote": {"percent": 60}}, compare("60s"), *REST), {"fail_every": 1})
    failed = theatre.command("resume", config, "--accept")
    new = played.candidate
    assert failed.code == 1, failed.stopped
    assert theatre.maps()[-3:] == [{old: 70, new: 30}, {old: 40, new: 60}, {old: 100}]
    assert failed.stopped["serving"] == f"{old} 100 %"


def test_held_it_can_be_rolled_back(theatre: Theatre) -> None:
    old, played = held(theatre, n=1)
    status = theatre.command("status", theatre.config(WHOLE, {"n": 1}), "--output", "text").errors
    assert "rollback" in status and "resume" in status
    rolled = theatre.command("rollback", theatre.config(WHOLE, {"n": 1}))
    assert (rolled.code, theatre.now) == (0, {old: 100}), rolled.errors
    assert played.candidate not in Someone(theatre).tags().values()


@pytest.mark.parametrize(
    ("least", "tags", "said"),
    [
        pytest.param(0, {"canary"}, "keeps its tag canary", id="no minimum"),
        pytest.param(1, set(), "lost its tag canary", id="a minimum that is paid"),
    ],
)
def test_a_candidate_rejected_with_traffic_keeps_its_tag_only_where_that_is_free(
    theatre: Theatre, least: int, tags: set[str], said: str
) -> None:
    old = stable(theatre)
    entry = theatre.entry(theatre.service, {"fail_every": 1}, instances={"min": least, "max": 3})
    played = theatre.release(theatre.config((*TENTH, compare("60s"), *REST), services={"backend": entry}))
    assert (played.code, theatre.now) == (1, {old: 100}), played.stopped
    found = Someone(theatre).tags()
    assert {tag for tag, name in found.items() if name == played.candidate} == tags
    assert any(said in event["text"] for event in played.of_type("progress")), played.events


def test_a_candidate_rejected_before_it_had_traffic_loses_its_tag(theatre: Theatre) -> None:
    old = stable(theatre)
    steps = (*TENTH[:2], {"probe": {"attempts": 3, "need": 2, "every": "20ms"}}, *REST)
    played = theatre.release(theatre.config(steps, {"health": 503}))
    assert (played.code, theatre.maps()) == (1, [{old: 100}])
    assert Someone(theatre).tags() == {}
    [said] = [event["text"] for event in played.of_type("progress") if "lost its tag" in event["text"]]
    assert said.startswith(f"{played.candidate} lost its tag canary") and " report " in said


@pytest.mark.slow
def test_a_service_deleted_meanwhile_serves_nothing(theatre: Theatre) -> None:
    stable(theatre)
    someone = Someone(theatre)

    def delete() -> None:
        ended(someone.services.delete_service(name=someone.path))

    played = theatre.release(theatre.config((*TENTH, *REST), {"n": 1}), cue=when("canary", delete))
    assert played.code != 0
    assert played.stopped["serving"] == "nothing; the service does not exist"


def test_a_tag_a_label_and_a_template_changed_by_hand_are_told_before_they_are_overwritten(theatre: Theatre) -> None:
    old, someone, made = stable(theatre), Someone(theatre), f"{theatre.service}-by-hand"
    config = theatre.config(WHOLE, {"n": 1})
    assert theatre.command("status", config).events[0]["by_hand"] is None

    def change(service: run_v2.Service) -> None:
        service.template.revision = made
        service.template.containers[0].env.append(run_v2.EnvVar(name="FLAG", value="hush"))
        service.template.containers[0].resources.limits["memory"] = "512Mi"
        service.template.labels["team"] = "payments"
        service.labels["owner"] = "anna"

    someone.change(change, "template", "labels")
    someone.split({old: 100}, {"preview": old})
    told = [
        f"the revision {made} was made (memory: 256Mi -> 512Mi, variable FLAG: added, plain value, the label team was "
        f"added (payments)); the tag canary was removed (it was on {old}); the tag preview was added (on {old}); "
        f"the label owner was added (anna); the last change of the service is ann@example.invalid, at 20",
        f"a release starts from what serves, so that it overwrites what {made} set",
    ]
    for command in ("status", "plan"):
        text = theatre.command(command, config, "--output", "text").errors
        assert all(each in text for each in told), text
        assert "hush" not in text and "last-release" not in text
    played = theatre.release(config)
    assert played.code == 0, played.stopped
    assert all(each in played.of_type("lease")[0]["by_hand"] for each in told)
    assert "FLAG" not in {each.name for each in someone.template_of(played.candidate).containers[0].env}
    assert someone.tags()["preview"] == old and someone.read().labels["owner"] == "anna"
    assert theatre.command("status", config).events[0]["by_hand"] is None
