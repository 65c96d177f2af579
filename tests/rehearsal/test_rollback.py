"""Going back: which traffic comes back, who is refused, and what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.rehearsal import remedies
from tests.rehearsal.scripts import REST, SHORT, TENTH, compare, stable, when
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import Played, Theatre, Users

PROBED = (*SHORT, {"probe": {"attempts": 4, "need": 2, "every": "20ms"}})
UPDATE = "google.cloud.run.v2.Services/UpdateService"


def back(theatre: Theatre, *words: str, config: tuple[dict[str, object], ...] = PROBED, **more: object) -> Played:
    return theatre.command("rollback", theatre.config(config), *words, **more)  # type: ignore[arg-type]


def held(theatre: Theatre) -> tuple[str, Played]:
    """A stable revision, and a release that was held at a tenth of the traffic."""
    old = stable(theatre)
    played = theatre.release(theatre.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}, on_failure="hold"))
    assert played.code == 3
    return old, played


def test_the_default_is_what_was_there_before_and_twice_is_there_already(theatre: Theatre) -> None:
    first, second, third = (stable(theatre, n=n) for n in range(3))
    with Users(f"{theatre.url()}/work") as users:
        once, twice = (back(theatre, state=theatre.root / "another") for _ in range(2))
    assert (once.code, twice.code) == (0, 0), once.errors + twice.errors
    assert theatre.maps() == [{first: 100}, {second: 100}, {third: 100}, {second: 100}]
    assert users.answers and users.failures() == []
    assert once.stopped["serving"] == twice.stopped["serving"] == f"{second} 100 %"
    assert once.stopped["reason"] == f"rolled back from {third}"
    assert twice.stopped["reason"].startswith("already there: rollback ")
    assert Someone(theatre).tags() == {}, "the tag lent for the probe is gone, and that of what was rolled back"
    rows = len(past(theatre))
    assert [back(theatre, *words).code for words in (("--force",), ("--force", "--to", second), ("--now",))] == [0] * 3
    assert len(past(theatre)) == rows, "what is there already adds nothing to what is remembered"


def test_the_plan_is_told_before_and_what_serves_only_after(theatre: Theatre) -> None:
    first, second = stable(theatre), stable(theatre, n=1)
    text = theatre.command("rollback", theatre.config(PROBED), "--output", "text").errors
    lines = [line.partition("  ")[2] or line for line in text.splitlines()]
    planned = next(
        line for line in lines if line.startswith(f"will put back {first} 100 %: what served before release")
    )
    assert planned.endswith(f"; now it is {second} 100 %")
    assert [line for line in lines if "serving" in line] == [f"serving: {first} 100 %"] == lines[-1:]


def test_the_choice_is_listed_with_outcome_and_date_the_good_first(theatre: Theatre) -> None:
    old = stable(theatre)
    sick = theatre.release(theatre.config((*TENTH, compare("60s"), *REST), {"fail_every": 1})).candidate
    listed = theatre.command("rollback", theatre.config(PROBED), "--to", "--output", "text")
    rows = [line.split() for line in listed.errors.splitlines()]
    assert [(row[0], row[2], row[-1]) for row in rows if row[:1] == ["release"]] == [
        ("release", "live", old),
        ("release", "rejected", sick),
    ]
    assert any(row[:3] == ["revision", old, "live"] and row[-3:] == ["100", "%", "now"] for row in rows)
    assert rows[-1] == ["serving:", old, "100", "%"]


def test_to_a_revision_and_to_a_release(theatre: Theatre) -> None:
    first = stable(theatre)
    second = theatre.release(theatre.config(SHORT, {"n": 1}))
    third = stable(theatre, n=2)
    assert back(theatre, "--to", first).code == 0
    assert theatre.now == {first: 100}
    release = second.of_type("started")[0]["release"]["id"]
    assert back(theatre, "--to", release).code == 0
    assert theatre.now == {second.candidate: 100}
    unknown = back(theatre, "--to", f"{theatre.service}-nowhere")
    assert unknown.code == 1
    assert f"there is no revision {theatre.service}-nowhere" in unknown.errors
    assert third in unknown.errors, "it names the newest"
    again = theatre.command("rollback", theatre.config(PROBED), "--to", release, "--output", "text")
    assert (again.code, "already there" in again.errors) == (0, True), again.errors


def test_to_a_failed_revision_only_with_force(theatre: Theatre) -> None:
    old = stable(theatre)
    played = theatre.release(theatre.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}))
    refused = back(theatre, "--to", played.candidate)
    assert (refused.code, theatre.now) == (1, {old: 100})
    assert "is recorded as failed" in refused.errors and "--force" in refused.errors
    assert back(theatre, "--to", played.candidate, "--force").code == 0
    assert theatre.now == {played.candidate: 100}


def test_a_target_that_does_not_answer_well_only_with_now(theatre: Theatre) -> None:
    """It was live once; its health was never asked then."""
    sick = stable(theatre, health=503)
    new = stable(theatre, n=1)
    refused = back(theatre)
    assert (refused.code, theatre.now) == (1, {new: 100})
    assert "status 503 instead of 200" in refused.stopped["reason"]
    assert "--now" in refused.stopped["reason"]
    someone = Someone(theatre)
    assert (someone.lease(), someone.tags()) == (None, {"canary": new})
    assert back(theatre, "--now").code == 0
    assert theatre.now == {sick: 100}


def past(theatre: Theatre) -> list[dict[str, Any]]:
    return list(theatre.command("status", theatre.config(PROBED)).events[0]["history"])


@pytest.mark.slow
def test_a_service_that_forgot_all_offers_its_older_revisions(theatre: Theatre) -> None:
    """None is taken unasked: any of them may have been rejected. What is offered runs as printed."""
    first, second = stable(theatre), stable(theatre, n=1)
    Someone(theatre).change(lambda service: service.annotations.clear(), "annotations")
    refused = back(theatre, state=theatre.root / "another")
    assert (refused.code, theatre.now) == (1, {second: 100}), refused.stopped
    assert f"revision  {first}  ready, of no release that is remembered" in refused.stopped["reason"]
    [command] = refused.stopped["next_commands"]
    assert f" --to {first} " in f"{command} " and "asked before it gets users" in command
    assert remedies.paste(theatre, command).returncode == 0
    assert theatre.now == {first: 100}


@pytest.mark.slow
def test_who_waits_is_told_the_plan_once_the_service_is_free(theatre: Theatre) -> None:
    first, second = stable(theatre), stable(theatre, n=1)
    now = datetime.now(UTC)
    lease = {"holder": "ann at elsewhere", "token": "t", "since": now.isoformat(), "release_id": "r"}
    lease["until"] = (now + timedelta(seconds=3)).isoformat()
    Someone(theatre).change(
        lambda found: found.annotations.update({"deploy-to-gcp/lease": json.dumps(lease)}), "annotations"
    )
    waited = back(theatre, "--wait", "1m")
    assert (waited.code, theatre.now) == (0, {first: 100}), waited.stopped
    types = [event["type"] for event in waited.events]
    assert types.count("going_back") == 1 and types.index("lease") < types.index("going_back")
    assert waited.stopped["reason"].startswith(f"rolled back from {second}")


def assert_settled(theatre: Theatre) -> None:
    """No lease, no record, no tag of a release is left on the service, but that of the revision that went live."""
    someone = Someone(theatre)
    names = [name for name in someone.read().annotations if name.startswith("deploy-to-gcp/")]
    assert names == ["deploy-to-gcp/history"]
    assert {*someone.tags().values()} <= {*theatre.now} and {*someone.tags()} <= {"canary"}


def test_a_release_that_builds_is_taken_over_or_named_and_never_goes_live(theatre: Theatre) -> None:
    """Its traffic has not moved yet, and it would."""
    old, said = stable(theatre), list[Played]()

    def meanwhile() -> None:
        for words in ((), ("--force",)):
            said.append(theatre.started(theatre.config(PROBED), *words, command="rollback", state=theatre.root / "b"))

    played = theatre.release(theatre.config((*TENTH, *REST), {"n": 1}), cue=when("build", meanwhile))
    busy, forced = said
    assert (busy.code, busy.stopped["outcome"], busy.stopped["serving"]) == (5, "busy", f"{old} 100 %")
    assert busy.of_type("going_back") == [], "nothing will be put back"
    assert "is deploying this service since" in busy.stopped["reason"] and "--force" in busy.stopped["reason"]
    assert (forced.code, forced.stopped["serving"]) == (0, f"{old} 100 %"), forced.stopped
    [plan] = forced.of_type("going_back")
    release = played.of_type("started")[0]["release"]["id"]
    assert plan["there"] and f"whose release {release} stops" in plan["notes"][0]
    assert played.code != 0 and "took the service over" in played.stopped["reason"]
    assert theatre.maps() == [{old: 100}]
    resumed = theatre.command("resume", theatre.config((*TENTH, *REST), {"n": 1}))
    assert (resumed.code, theatre.maps()) == (2, [{old: 100}]), resumed.errors
    assert_settled(theatre)


@pytest.mark.parametrize("label", ["build", "canary", "promote 10 %"])
def test_after_a_client_that_died_nothing_is_left_behind(theatre: Theatre, label: str) -> None:
    old = stable(theatre)

    def die() -> None:
        raise SystemExit("the machine is gone")

    with pytest.raises(SystemExit):
        theatre.release(theatre.config((*TENTH, *REST), {"n": 1}), cue=when(label, die))
    rolled = back(theatre, "--force", state=theatre.root / "another")
    assert (rolled.code, rolled.stopped["serving"]) == (0, f"{old} 100 %"), rolled.stopped
    assert theatre.now == {old: 100}
    assert_settled(theatre)
    again = back(theatre)
    assert (again.code, again.stopped["reason"].partition(":")[0]) == (0, "already there")
    assert theatre.command("resume", theatre.config((*TENTH, *REST), {"n": 1})).code == 2
    assert theatre.now == {old: 100}


def test_traffic_changed_by_hand_is_told_and_put_back_by_name(theatre: Theatre) -> None:
    first, second, someone = stable(theatre), stable(theatre, n=1), Someone(theatre)
    someone.split({first: 30, second: 70}, someone.tags())
    config = theatre.config(PROBED, {"n": 1})
    said = f"it left {second} 100 %, and now there is {first} 30 %, {second} 70 %"
    for command in ("status", "plan"):
        text = theatre.command(command, config, "--output", "text").errors
        assert f"{said}; the last change of the service is ann@example.invalid, at 20" in text
    [told] = theatre.command("status", config).events
    assert (told["by_hand"]["left"], told["by_hand"]["now"]) == ({second: 100}, {first: 30, second: 70})
    played = theatre.release(theatre.config(SHORT, {"n": 2}), "--no-traffic")
    assert said in played.of_type("lease")[0]["by_hand"]
    assert back(theatre, "--to", "last-release").code == 0
    assert theatre.now == {second: 100}
    again = back(theatre, "--to", "last-release")
    assert (again.code, theatre.maps()[-2:]) == (0, [{first: 30, second: 70}, {second: 100}])
    assert said not in theatre.command("status", config, "--output", "text").errors
    assert theatre.command("status", config).events[0]["by_hand"] is None


@pytest.mark.parametrize("state", ["state", "another"], ids=["this machine's journal", "no journal"])
def test_what_the_service_forgot_is_put_back_all_the_same(theatre: Theatre, state: str) -> None:
    """Somebody removed the annotations while a tenth of the users was on the candidate."""
    old, played = held(theatre)
    Someone(theatre).change(lambda service: service.annotations.clear(), "annotations")
    rolled = back(theatre, state=theatre.root / state)
    assert rolled.code == 0, rolled.errors
    assert theatre.maps() == [{old: 100}, {old: 90, played.candidate: 10}, {old: 100}]


@pytest.mark.slow
def test_a_deleted_target_gives_way_to_the_next_good_one(theatre: Theatre) -> None:
    first, second, third = (stable(theatre, n=n) for n in range(3))
    someone = Someone(theatre)
    someone.split({third: 100})
    someone.delete(second)
    rolled = back(theatre)
    assert (rolled.code, theatre.now) == (0, {first: 100}), rolled.errors
    [plan] = rolled.of_type("going_back")
    assert f"the revision {second} was deleted" in plan["notes"][0]


def test_a_held_release_is_undone_and_cannot_be_resumed_then(theatre: Theatre) -> None:
    old, played = held(theatre)
    assert back(theatre, state=theatre.root / "another").code == 0
    assert theatre.maps() == [{old: 100}, {old: 90, played.candidate: 10}, {old: 100}]
    assert_settled(theatre)
    resumed = theatre.command("resume", theatre.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}))
    assert resumed.code == 2
    assert "no unfinished release" in resumed.errors
    assert theatre.now == {old: 100}


@pytest.mark.slow
def test_while_someone_else_deploys_it_only_with_force(theatre: Theatre) -> None:
    """With force the rollback wins: the release that runs meanwhile finds the service taken over."""
    first, second = stable(theatre), stable(theatre, n=1)
    said: list[Played] = []

    def meanwhile() -> None:
        for words in ((), ("--force",)):
            said.append(theatre.started(theatre.config(PROBED), *words, command="rollback", state=theatre.root / "b"))

    played = theatre.release(theatre.config((*TENTH, *REST), {"n": 2}), cue=when("promote 10 %", meanwhile))
    refused, forced = said
    assert refused.code == 5
    assert "is deploying this service since" in refused.stopped["reason"]
    assert "--force" in refused.stopped["reason"]
    assert forced.code == 0, forced.errors
    assert played.code == 3
    assert "took the service over" in played.stopped["reason"]
    assert theatre.maps()[-1] == {second: 100}
    assert first not in theatre.now


def test_a_rollback_that_is_refused_says_what_serves(theatre: Theatre) -> None:
    stable(theatre)
    new = stable(theatre, n=1)
    theatre.cloud.faults({"method": UPDATE, "code": "PERMISSION_DENIED", "times": 0, "skip": 2})
    refused = back(theatre)
    theatre.cloud.clear_faults()
    assert (refused.code, theatre.now) == (3, {new: 100})
    assert "the rollback did not succeed" in refused.stopped["reason"]
    assert refused.stopped["serving"] == f"{new} 100 %"


@pytest.mark.slow
def test_a_rollback_left_half_way_is_finished_by_the_next(theatre: Theatre) -> None:
    old = stable(theatre)
    new = stable(theatre, n=1)

    def die(event: dict[str, object]) -> None:
        if event["type"] == "restore_asked":
            raise SystemExit("the machine is gone")

    with pytest.raises(SystemExit):
        back(theatre, cue=die)
    assert theatre.now == {new: 100}
    resumed = theatre.command("resume", theatre.config(PROBED, {"n": 1}))
    assert resumed.code == 2
    assert "rollback --force" in resumed.errors and "finishes it" in resumed.errors
    assert back(theatre, "--force").code == 0
    assert theatre.now == {old: 100}


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["git_clean", "build", "canary", "promote 10 %", "promote 100 %", "verify"])
def test_a_release_that_runs_meanwhile_does_not_go_live_after_it(theatre: Theatre, moment: str) -> None:
    """Whatever it had done when a person rolled back over it: it stops, says who has the service, and blames nobody."""
    first, second = stable(theatre), stable(theatre, n=1)
    said: list[Played] = []

    def meanwhile() -> None:
        config = theatre.config(PROBED, {"n": 2})
        said.append(theatre.started(config, "--force", command="rollback", state=theatre.root / "b"))

    theatre.write("app/parts/words.py", f'GREETING = "good {moment}"\n')
    theatre.commit()
    steps = ({"git_clean": None}, *PROBED[:2], PROBED[-1], *TENTH[2:], *REST)
    played = theatre.release(theatre.config(steps, {"n": 2}), cue=when(moment, meanwhile))
    assert said[0].code == 0, said[0].errors
    before_lease = moment == "git_clean"
    back_to = first if before_lease else second
    assert (played.code, theatre.now) == (5 if before_lease else 3, {back_to: 100}), played.stopped
    assert "-rollback " in played.stopped["reason"], played.stopped
    assert played.of_type("diagnosed") == []
    assert played.stopped["serving"] == f"{back_to} 100 %"
    assert not [each for each in played.stopped["next_commands"] if " resume " in each]
    assert Someone(theatre).lease() is None
    if not before_lease:
        assert_settled(theatre)
