"""Going back: which traffic comes back, who is refused, and what it says."""

from __future__ import annotations

import pytest

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


def test_the_default_is_what_was_there_before_and_twice_goes_back_twice(theatre: Theatre) -> None:
    first, second, third = (stable(theatre, n=n) for n in range(3))
    with Users(f"{theatre.url()}/work") as users:
        once, twice, over = (back(theatre, state=theatre.root / "another") for _ in range(3))
    assert (once.code, twice.code) == (0, 0), once.errors + twice.errors
    assert theatre.maps() == [{first: 100}, {second: 100}, {third: 100}, {second: 100}, {first: 100}]
    assert users.answers and users.failures() == []
    assert once.stopped["serving"] == f"{second} 100 %"
    assert once.stopped["reason"] == f"rolled back from {third}"
    assert Someone(theatre).tags() == {"canary": third}, "the tag lent for the probe is gone"
    assert over.code == 1
    assert "remembers no earlier traffic" in over.errors


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
    assert (again.code, "nothing to do" in again.errors) == (0, True)


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


def test_a_held_release_is_undone_and_cannot_be_resumed_then(theatre: Theatre) -> None:
    old, played = held(theatre)
    assert back(theatre, state=theatre.root / "another").code == 0
    assert theatre.maps() == [{old: 100}, {old: 90, played.candidate: 10}, {old: 100}]
    resumed = theatre.command("resume", theatre.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}))
    assert resumed.code == 2
    assert "no unfinished release" in resumed.errors
    assert theatre.now == {old: 100}


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
    assert "rollback --force finishes it" in resumed.errors
    assert back(theatre, "--force").code == 0
    assert theatre.now == {old: 100}
