"""Going back: which traffic comes back, who is refused, and what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.rehearsal import remedies
from tests.rehearsal.cli_harness import CliHarness, CommandResult, Users
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import REST, SHORT, TENTH, compare, stable, when

PROBED = (*SHORT, {"probe": {"attempts": 4, "need": 2, "every": "20ms"}})
UPDATE = "google.cloud.run.v2.Services/UpdateService"


def back(
    harness: CliHarness, *words: str, config: tuple[dict[str, object], ...] = PROBED, **more: object
) -> CommandResult:
    return harness.command("rollback", harness.config(config), *words, **more)  # type: ignore[arg-type]


def held(harness: CliHarness) -> tuple[str, CommandResult]:
    """A stable revision, and a release that was held at a tenth of the traffic."""
    old = stable(harness)
    result = harness.release(harness.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}, on_failure="hold"))
    assert result.code == 3
    return old, result


def test_the_default_is_what_was_there_before_and_twice_is_there_already(harness: CliHarness) -> None:
    first, second, third = (stable(harness, n=n) for n in range(3))
    with Users(f"{harness.url()}/work") as users:
        once, twice = (back(harness, state=harness.root / "another") for _ in range(2))
    assert (once.code, twice.code) == (0, 0), once.errors + twice.errors
    assert "was not written" not in once.errors + twice.errors
    assert [path.name for path in (harness.root / "another").glob("releases/*/*/*-rollback")], "its report is kept"
    assert harness.maps() == [{first: 100}, {second: 100}, {third: 100}, {second: 100}]
    assert users.answers and users.failures() == []
    assert once.stopped["serving"] == twice.stopped["serving"] == f"{second} 100 %"
    assert once.stopped["reason"] == f"rolled back from {third}"
    assert twice.stopped["reason"].startswith("already there: rollback ")
    assert OtherClient(harness).tags() == {}, "the tag lent for the probe is gone, and that of what was rolled back"
    (releases := harness.root / "unwritable" / "releases").parent.mkdir()
    releases.touch()
    unopened = back(harness, "--to", third, state=releases.parent)
    assert (unopened.code, "journal of this rollback cannot be opened" in unopened.errors) == (2, True), unopened
    rows = len(past(harness))
    assert [back(harness, *words).code for words in (("--force",), ("--force", "--to", second), ("--now",))] == [0] * 3
    assert len(past(harness)) == rows, "what is there already adds nothing to what is remembered"


def test_the_plan_is_told_before_and_what_serves_only_after(harness: CliHarness) -> None:
    first, second = stable(harness), stable(harness, n=1)
    text = harness.command("rollback", harness.config(PROBED), "--output", "text").errors
    lines = [line.partition("  ")[2] or line for line in text.splitlines()]
    planned = next(
        line for line in lines if line.startswith(f"will put back {first} 100 %: what served before release")
    )
    assert planned.endswith(f"; now it is {second} 100 %")
    assert [line for line in lines if "serving" in line] == [f"serving: {first} 100 %"] == lines[-1:]


def test_the_choice_is_listed_with_outcome_and_date_the_good_first(harness: CliHarness) -> None:
    old = stable(harness)
    sick = harness.release(harness.config((*TENTH, compare("60s"), *REST), {"fail_every": 1})).ended(1).candidate
    listed = harness.command("rollback", harness.config(PROBED), "--to", "--output", "text")
    rows = [line.split() for line in listed.errors.splitlines()]
    assert [(row[0], row[2], row[-1]) for row in rows if row[:1] == ["release"]] == [
        ("release", "live", old),
        ("release", "rejected", sick),
    ]
    assert any(row[:3] == ["revision", old, "live"] and row[-3:] == ["100", "%", "now"] for row in rows)
    assert rows[-1] == ["serving:", old, "100", "%"]


def test_to_a_revision_and_to_a_release(harness: CliHarness) -> None:
    first = stable(harness)
    second = harness.release(harness.config(SHORT, {"n": 1}))
    third = stable(harness, n=2)
    assert back(harness, "--to", first).code == 0
    assert harness.now == {first: 100}
    release = second.of_type("started")[0]["release"]["id"]
    assert back(harness, "--to", release).code == 0
    assert harness.now == {second.candidate: 100}
    unknown = back(harness, "--to", f"{harness.service}-nowhere")
    assert unknown.code == 1
    assert f"there is no revision {harness.service}-nowhere" in unknown.errors
    assert third in unknown.errors, "it names the newest"
    again = harness.command("rollback", harness.config(PROBED), "--to", release, "--output", "text")
    assert (again.code, "already there" in again.errors) == (0, True), again.errors


def test_to_a_failed_revision_only_with_force(harness: CliHarness) -> None:
    old = stable(harness)
    result = harness.release(harness.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}))
    assert result.code == 1, f"{result.statuses} {result.errors}"
    refused = back(harness, "--to", result.candidate)
    told = f"{result.statuses} {result.errors} {past(harness)} {refused.errors}"
    assert (refused.code, harness.now) == (1, {old: 100}), told
    assert "is recorded as failed" in refused.errors and "--force" in refused.errors
    assert back(harness, "--to", result.candidate, "--force").code == 0
    assert harness.now == {result.candidate: 100}


def test_a_target_that_does_not_answer_well_only_with_now(harness: CliHarness) -> None:
    """It was live once; its health was never asked then."""
    sick = stable(harness, health=503)
    new = stable(harness, n=1)
    refused = back(harness)
    assert (refused.code, harness.now) == (1, {new: 100})
    assert "status 503 instead of 200" in refused.stopped["reason"]
    assert "--now" in refused.stopped["reason"]
    other = OtherClient(harness)
    assert (other.lease(), other.tags()) == (None, {"canary": new})
    assert back(harness, "--now").code == 0
    assert harness.now == {sick: 100}


def past(harness: CliHarness) -> list[dict[str, Any]]:
    return list(harness.command("status", harness.config(PROBED)).events[0]["history"])


@pytest.mark.slow
def test_a_service_that_forgot_all_offers_its_older_revisions(harness: CliHarness) -> None:
    """None is taken unasked: any of them may have been rejected. What is offered runs as printed."""
    first, second = stable(harness), stable(harness, n=1)
    OtherClient(harness).change(lambda service: service.annotations.clear(), "annotations")
    refused = back(harness, state=harness.root / "another")
    assert (refused.code, harness.now) == (1, {second: 100}), refused.stopped
    assert f"revision  {first}  ready, of no release that is remembered" in refused.stopped["reason"]
    [command] = refused.stopped["next_commands"]
    assert f" --to {first} " in f"{command} " and "asked before it gets users" in command
    assert remedies.paste(harness, command).returncode == 0
    assert harness.now == {first: 100}


@pytest.mark.slow
def test_who_waits_is_told_the_plan_once_the_service_is_free(harness: CliHarness) -> None:
    first, second = stable(harness), stable(harness, n=1)
    now = datetime.now(UTC)
    lease = {"holder": "ann at elsewhere", "token": "t", "since": now.isoformat(), "release_id": "r"}
    lease["until"] = (now + timedelta(seconds=3)).isoformat()
    OtherClient(harness).change(
        lambda found: found.annotations.update({"deploy-to-gcp/lease": json.dumps(lease)}), "annotations"
    )
    waited = back(harness, "--wait", "1m")
    assert (waited.code, harness.now) == (0, {first: 100}), waited.stopped
    types = [event["type"] for event in waited.events]
    assert types.count("going_back") == 1 and types.index("lease") < types.index("going_back")
    assert waited.stopped["reason"].startswith(f"rolled back from {second}")


def assert_settled(harness: CliHarness) -> None:
    """No lease, no record, no tag of a release is left on the service, but that of the revision that went live."""
    other = OtherClient(harness)
    names = [name for name in other.read().annotations if name.startswith("deploy-to-gcp/")]
    assert names == ["deploy-to-gcp/history"]
    assert {*other.tags().values()} <= {*harness.now} and {*other.tags()} <= {"canary"}


def test_a_release_that_builds_is_taken_over_or_named_and_never_goes_live(harness: CliHarness) -> None:
    """Its traffic has not moved yet, and it would."""
    old, said = stable(harness), list[CommandResult]()

    def meanwhile() -> None:
        for words in ((), ("--force",)):
            said.append(harness.started(harness.config(PROBED), *words, command="rollback", state=harness.root / "b"))

    result = harness.release(harness.config((*TENTH, *REST), {"n": 1}), cue=when("build", meanwhile))
    busy, forced = said
    assert (busy.code, busy.stopped["outcome"], busy.stopped["serving"]) == (5, "busy", f"{old} 100 %")
    assert busy.of_type("going_back") == [], "nothing will be put back"
    assert "is deploying this service since" in busy.stopped["reason"] and "--force" in busy.stopped["reason"]
    assert (forced.code, forced.stopped["serving"]) == (0, f"{old} 100 %"), forced.stopped
    [plan] = forced.of_type("going_back")
    release = result.of_type("started")[0]["release"]["id"]
    assert plan["there"] and f"whose release {release} stops" in plan["notes"][0]
    assert result.code != 0 and "took the service over" in result.stopped["reason"]
    assert harness.maps() == [{old: 100}]
    resumed = harness.command("resume", harness.config((*TENTH, *REST), {"n": 1}))
    assert (resumed.code, harness.maps()) == (2, [{old: 100}]), resumed.errors
    assert_settled(harness)


@pytest.mark.parametrize("label", ["build", "canary", "promote 10 %"])
def test_after_a_client_that_died_nothing_is_left_behind(harness: CliHarness, label: str) -> None:
    old = stable(harness)

    def die() -> None:
        raise SystemExit("the machine is gone")

    with pytest.raises(SystemExit):
        harness.release(harness.config((*TENTH, *REST), {"n": 1}), cue=when(label, die))
    rolled = back(harness, "--force", state=harness.root / "another")
    assert (rolled.code, rolled.stopped["serving"]) == (0, f"{old} 100 %"), rolled.stopped
    assert harness.now == {old: 100}
    assert_settled(harness)
    again = back(harness)
    assert (again.code, again.stopped["reason"].partition(":")[0]) == (0, "already there")
    assert harness.command("resume", harness.config((*TENTH, *REST), {"n": 1})).code == 2
    assert harness.now == {old: 100}


def test_traffic_changed_by_hand_is_told_and_put_back_by_name(harness: CliHarness) -> None:
    first, second, other = stable(harness), stable(harness, n=1), OtherClient(harness)
    other.split({first: 30, second: 70}, other.tags())
    config = harness.config(PROBED, {"n": 1})
    said = f"it left {second} 100 %, and now there is {first} 30 %, {second} 70 %"
    for command in ("status", "plan"):
        text = harness.command(command, config, "--output", "text").errors
        assert f"{said}; the service was last changed by ann@example.invalid, at 20" in text
    [told] = harness.command("status", config).events
    assert (told["by_hand"]["left"], told["by_hand"]["now"]) == ({second: 100}, {first: 30, second: 70})
    result = harness.release(harness.config(SHORT, {"n": 2}), "--no-traffic")
    assert said in result.of_type("lease")[0]["by_hand"]
    assert back(harness, "--to", "last-release").code == 0
    assert harness.now == {second: 100}
    again = back(harness, "--to", "last-release")
    assert (again.code, harness.maps()[-2:]) == (0, [{first: 30, second: 70}, {second: 100}])
    assert said not in harness.command("status", config, "--output", "text").errors
    assert harness.command("status", config).events[0]["by_hand"] is None


@pytest.mark.parametrize("state", ["state", "another"], ids=["this machine's journal", "no journal"])
def test_what_the_service_forgot_is_put_back_all_the_same(harness: CliHarness, state: str) -> None:
    """Somebody removed the annotations while a tenth of the users was on the candidate."""
    old, result = held(harness)
    OtherClient(harness).change(lambda service: service.annotations.clear(), "annotations")
    rolled = back(harness, state=harness.root / state)
    assert rolled.code == 0, rolled.errors
    assert harness.maps() == [{old: 100}, {old: 90, result.candidate: 10}, {old: 100}]


@pytest.mark.slow
def test_a_deleted_target_gives_way_to_the_next_good_one(harness: CliHarness) -> None:
    first, second, third = (stable(harness, n=n) for n in range(3))
    other = OtherClient(harness)
    other.split({third: 100})
    other.delete(second)
    rolled = back(harness)
    assert (rolled.code, harness.now) == (0, {first: 100}), rolled.errors
    [plan] = rolled.of_type("going_back")
    assert f"the revision {second} was deleted" in plan["notes"][0]


def test_a_held_release_is_undone_and_cannot_be_resumed_then(harness: CliHarness) -> None:
    old, result = held(harness)
    assert back(harness, state=harness.root / "another").code == 0
    assert harness.maps() == [{old: 100}, {old: 90, result.candidate: 10}, {old: 100}]
    assert_settled(harness)
    resumed = harness.command("resume", harness.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}))
    assert resumed.code == 2
    assert "no unfinished release" in resumed.errors
    assert harness.now == {old: 100}


@pytest.mark.slow
def test_while_someone_else_deploys_it_only_with_force(harness: CliHarness) -> None:
    """With force the rollback wins: the release that runs meanwhile finds the service taken over."""
    first, second = stable(harness), stable(harness, n=1)
    said: list[CommandResult] = []

    def meanwhile() -> None:
        for words in ((), ("--force",)):
            said.append(harness.started(harness.config(PROBED), *words, command="rollback", state=harness.root / "b"))

    result = harness.release(harness.config((*TENTH, *REST), {"n": 2}), cue=when("promote 10 %", meanwhile))
    refused, forced = said
    assert refused.code == 5
    assert "is deploying this service since" in refused.stopped["reason"]
    assert "--force" in refused.stopped["reason"]
    assert forced.code == 0, forced.errors
    assert result.code == 3
    assert "took the service over" in result.stopped["reason"]
    assert harness.maps()[-1] == {second: 100}
    assert first not in harness.now


def test_a_rollback_that_is_refused_says_what_serves(harness: CliHarness) -> None:
    stable(harness)
    new = stable(harness, n=1)
    harness.cloud.faults({"method": UPDATE, "code": "PERMISSION_DENIED", "times": 0, "skip": 2})
    refused = back(harness)
    harness.cloud.clear_faults()
    assert (refused.code, harness.now) == (3, {new: 100})
    assert "the rollback did not succeed" in refused.stopped["reason"]
    assert refused.stopped["serving"] == f"{new} 100 %"


@pytest.mark.slow
def test_a_rollback_left_half_way_is_finished_by_the_next(harness: CliHarness) -> None:
    old = stable(harness)
    new = stable(harness, n=1)

    def die(event: dict[str, object]) -> None:
        if event["type"] == "restore_asked":
            raise SystemExit("the machine is gone")

    with pytest.raises(SystemExit):
        back(harness, cue=die)
    assert harness.now == {new: 100}
    resumed = harness.command("resume", harness.config(PROBED, {"n": 1}))
    assert resumed.code == 2
    assert "rollback --force" in resumed.errors and "finishes it" in resumed.errors
    assert back(harness, "--force").code == 0
    assert harness.now == {old: 100}


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["git_clean", "build", "canary", "promote 10 %", "promote 100 %", "verify"])
def test_a_release_that_runs_meanwhile_does_not_go_live_after_it(harness: CliHarness, moment: str) -> None:
    """Whatever it had done when a person rolled back over it: it stops, says who has the service, and blames nobody."""
    first, second = stable(harness), stable(harness, n=1)
    said: list[CommandResult] = []

    def meanwhile() -> None:
        config = harness.config(PROBED, {"n": 2})
        said.append(harness.started(config, "--force", command="rollback", state=harness.root / "b"))

    harness.write("app/parts/words.py", f'GREETING = "good {moment}"\n')
    harness.commit()
    steps = ({"git_clean": None}, *PROBED[:2], PROBED[-1], *TENTH[2:], *REST)
    result = harness.release(harness.config(steps, {"n": 2}), cue=when(moment, meanwhile))
    assert said[0].code == 0, said[0].errors
    before_lease = moment == "git_clean"
    back_to = first if before_lease else second
    assert (result.code, harness.now) == (5 if before_lease else 3, {back_to: 100}), result.stopped
    assert "-rollback " in result.stopped["reason"], result.stopped
    assert result.of_type("diagnosed") == []
    assert result.stopped["serving"] == f"{back_to} 100 %"
    resuming = [each for each in result.stopped["next_commands"] if " resume " in each]
    assert all("only if its client is gone" in each for each in resuming) if before_lease else not resuming
    assert OtherClient(harness).lease() is None
    if not before_lease:
        assert_settled(harness)
