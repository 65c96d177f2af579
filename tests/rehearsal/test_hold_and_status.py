"""Keeping a service as it is, seeing what it is, and going on with what was held."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from google.cloud import run_v2

from tests.rehearsal.scripts import REST, SHORT, TENTH, compare, stable
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import Theatre

HELD = (*TENTH, compare("500ms", path="/nowhere"), *REST)


def test_a_held_service_takes_no_release_until_it_is_let_go(theatre: Theatre) -> None:
    old = stable(theatre)
    config = theatre.config(SHORT, {"n": 1})
    taken = theatre.command("hold", config, "--for", "2h", "--why", "the fair is on")
    assert (taken.code, "backend: held for 120 min (the fair is on)" in taken.errors) == (0, True), taken.errors
    refused = theatre.release(config)
    assert (refused.code, refused.stopped["outcome"]) == (5, "busy")
    assert "(on hold: the fair is on) lets nobody deploy this service since " in refused.stopped["reason"]
    status = theatre.command("status", config, "--output", "text")
    assert re.search(r" holds it since .+, until \d{4}-.+ UTC: the fair is on", status.errors), status.errors
    assert taken.errors.splitlines()[-1] == f"serving: {old} 100 %"
    assert theatre.command("hold", config, "--release").code == 0
    assert Someone(theatre).lease() is None
    assert theatre.maps() == [{old: 100}]
    assert theatre.release(config).code == 0


def test_a_hold_does_not_refuse_its_own_holder_what_ends_a_release(theatre: Theatre) -> None:
    """And it stands again afterwards; somebody else's hold refuses both."""
    old = stable(theatre)
    held = theatre.release(theatre.config(HELD, {"n": 1}))
    assert held.code == 3
    config = theatre.config((*TENTH, compare("2s"), *REST), {"n": 1})
    assert theatre.command("hold", config, "--for", "2h").code == 0
    resumed = theatre.command("resume", config)
    assert resumed.code == 0, resumed.errors
    assert " holds it since " in theatre.command("status", config, "--output", "text").errors
    assert theatre.command("rollback", config, "--now").code == 0
    assert theatre.now == {old: 100}
    lease = Someone(theatre).lease()
    assert lease is not None and json.loads(lease)["release_id"] is None
    other = lease.replace(json.loads(lease)["holder"], "ben at elsewhere")

    def edit(service: run_v2.Service) -> None:
        service.annotations["deploy-to-gcp/lease"] = other

    Someone(theatre).change(edit, "annotations")
    assert theatre.command("rollback", config, "--to", resumed.candidate, "--now").code == 5


def test_all_services_of_a_file_are_held_and_let_go_together(theatre: Theatre) -> None:
    """One that does not exist yet is told, and keeps no other from being held."""
    stable(theatre)
    entries = {"ghost": theatre.entry(f"{theatre.service}-ghost"), "backend": theatre.entry(theatre.service)}
    config = theatre.config(SHORT, services=entries)
    taken = theatre.command("hold", config, "--all", "--for", "1h")
    assert taken.code == 4
    assert "ghost: could not hold the service" in taken.errors and "backend: held for 60 min" in taken.errors
    assert Someone(theatre).lease() is not None
    theatre.command("hold", config, "--all", "--release")
    assert Someone(theatre).lease() is None


def test_a_hold_does_not_take_a_release_its_lease(theatre: Theatre) -> None:
    stable(theatre)
    config = theatre.config(SHORT, {"n": 1})
    said = []

    def hold(event: dict[str, object]) -> None:
        if event["type"] == "judged" and event["kind"] == "canary":
            said.append(theatre.started(config, "--for", "1h", command="hold"))
            said.append(theatre.started(config, "--release", command="hold"))

    assert theatre.release(config, cue=hold).code == 0
    refused, not_let_go = said
    assert refused.code == 5
    assert "is deploying this service since" in refused.errors
    assert not_let_go.code == 5
    assert "is deploying backend" in not_let_go.errors


def test_status_tells_what_serves_who_deploys_and_what_was(theatre: Theatre) -> None:
    config = theatre.config(HELD, {"n": 1})
    before = theatre.command("status", config, "--output", "text")
    assert before.errors.endswith("there is no such service yet; the first release creates it\nserving: nothing\n")
    old = stable(theatre)
    played = theatre.release(theatre.config(HELD, {"n": 1}))
    assert played.code == 3
    text = theatre.command("status", config, "--output", "text").errors
    lines = [" ".join(line.split()) for line in text.splitlines()]
    release = played.of_type("started")[0]["release"]["id"]
    commit = theatre.git("rev-parse", "HEAD")[:7]
    assert f"url {theatre.url()}" in lines
    assert "lease nobody deploys this service" in lines
    (line,) = [line for line in lines if line.startswith(f"unfinished release {release} of commit {commit}: ")]
    assert f"resume --config {config} --service backend" in line and " goes on, " in line
    assert f"revision {played.candidate} 10 % tags: canary commit {commit}" in lines
    assert any(line.startswith(f"release {release} held {datetime.now(UTC):%Y-}") for line in lines)
    assert lines[-1] == f"serving: {old} 90 %, {played.candidate} 10 %"
    [told] = theatre.command("status", config).events
    assert told["serving"] == {old: 90, played.candidate: 10}
    assert told["unfinished"]["candidate"] == played.candidate
    assert [past["outcome"] for past in told["history"]] == ["held", "live"]
    assert json.dumps(told).count("good day") == 0


def test_a_held_release_goes_on_where_it_stopped(theatre: Theatre) -> None:
    old = stable(theatre)
    theatre.release(theatre.config(HELD, {"n": 1}))
    calls = theatre.cloud.last_call()
    resumed = theatre.command("resume", theatre.config((*TENTH, compare("2s"), *REST), {"n": 1}))
    new = resumed.candidate
    assert resumed.code == 0, resumed.errors
    assert resumed.statuses == [("compare 2 s", "passed"), ("promote 100 %", "passed"), ("verify", "passed")]
    assert theatre.maps() == [{old: 100}, {old: 90, new: 10}, {new: 100}]
    assert not [each for each in theatre.cloud.calls(calls) if "CreateBuild" in each]
    assert theatre.command("resume", theatre.config(HELD)).code == 2


@pytest.mark.slow
def test_a_held_release_goes_on_from_another_machine(theatre: Theatre) -> None:
    old = stable(theatre)
    theatre.release(theatre.config(HELD, {"n": 1}))
    config = theatre.config((*TENTH, compare("2s"), *REST), {"n": 1})
    resumed = theatre.command("resume", config, state=theatre.root / "another")
    assert resumed.code == 0, resumed.stopped
    new = resumed.candidate
    assert resumed.statuses[0][0] == "compare 2 s"
    assert theatre.maps() == [{old: 100}, {old: 90, new: 10}, {new: 100}]


def test_a_failed_image_is_not_released_again_without_force(theatre: Theatre) -> None:
    """An image that was live before may have failed for its settings, so this one was never live."""
    old = stable(theatre)
    theatre.write("app/parts/words.py", 'GREETING = "good grief"\n')
    theatre.commit()
    sick = theatre.config((*TENTH, compare("60s"), *REST), {"fail_every": 1})
    assert theatre.release(sick).code == 1
    calls = theatre.cloud.last_call()
    again = theatre.release(theatre.config(SHORT))
    assert (again.code, again.statuses) == (1, [("build", "failed")])
    assert "failed in an earlier release; --force releases it all the same" in again.stopped["reason"]
    assert not [each for each in theatre.cloud.calls(calls) if "CreateBuild" in each]
    assert theatre.now == {old: 100}
    forced = theatre.release(theatre.config(SHORT), "--force")
    assert forced.code == 0, forced.errors
    assert theatre.now == {forced.candidate: 100}


def test_plan_tells_the_revision_and_changes_nothing(theatre: Theatre) -> None:
    old = stable(theatre)
    calls = theatre.cloud.last_call()
    entry = theatre.entry(theatre.service, {"n": 1}, memory="300Mi", concurrency=7)
    played = theatre.command("plan", theatre.config((*TENTH, *REST), services={"backend": entry}))
    assert played.code == 0, played.errors
    [canary] = [event for event in played.events if event["step"] == "canary"]
    assert canary["told"].startswith(f"creates {theatre.service}-{theatre.git('rev-parse', 'HEAD')[:7]}-…")
    assert "changes memory: 256Mi -> 300Mi" in canary["details"]
    assert "changes concurrency: 80 -> 7" in canary["details"]
    assert "changes variable BEHAVE: another value" in canary["details"]
    assert not [each for each in canary["details"] if "image" in each]
    assert not [each for each in theatre.cloud.calls(calls) if each.rpartition("/")[2].startswith(("Update", "Create"))]
    assert theatre.maps() == [{old: 100}]
