"""Keeping a service as it is, seeing what it is, and going on with what was held."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import run_v2

from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import REST, SHORT, TENTH, compare, stable

HELD = (*TENTH, compare("500ms", path="/nowhere"), *REST)


def test_a_held_service_takes_no_release_until_it_is_let_go(harness: CliHarness) -> None:
    old = stable(harness)
    config = harness.config(SHORT, {"n": 1})
    taken = harness.command("hold", config, "--for", "2h", "--why", "the fair is on")
    assert (taken.code, "backend: held for 120 min (the fair is on)" in taken.errors) == (0, True), taken.errors
    refused = harness.release(config)
    assert (refused.code, refused.stopped["outcome"]) == (5, "busy")
    assert "(on hold: the fair is on) blocks deployments of this service since " in refused.stopped["reason"]
    status = harness.command("status", config, "--output", "text")
    assert re.search(r" holds it since .+, until \d{4}-.+ UTC: the fair is on", status.errors), status.errors
    assert taken.errors.splitlines()[-1] == f"serving: {old} 100 %"
    urgent = harness.release(config, "--emergency", "--why", "payments are down")
    assert urgent.code == 0, urgent.errors
    assert OtherClient(harness).lease() is not None, "the hold stands again"
    row = harness.command("history", config).events[0]
    assert row["emergency"].startswith("payments are down; on hold by ")
    assert "emergency: payments are down" in harness.command("status", config, "--output", "text").errors
    assert harness.command("hold", config, "--release").code == 0
    assert OtherClient(harness).lease() is None
    assert harness.maps() == [{old: 100}, {urgent.candidate: 100}]


@pytest.mark.slow
def test_in_a_freeze_no_release_begins(harness: CliHarness) -> None:
    """And `status` and `plan` tell until when."""
    old, today = stable(harness), datetime.now(UTC).date()
    window = {"from": today, "until": today + timedelta(days=1), "zone": "UTC", "reason": "the fair is on"}
    config = harness.config(SHORT, {"n": 1}, freeze=[window])
    calls = harness.cloud.last_call()
    refused = harness.release(config)
    assert (refused.code, refused.stopped["outcome"]) == (5, "busy"), refused.errors
    assert re.fullmatch(r"frozen until .+ 00:00 \(UTC\): the fair is on", refused.stopped["reason"])
    assert "frozen until " in harness.command("status", config, "--output", "text").errors
    assert not [each for each in harness.cloud.calls(calls) if each.rpartition("/")[2].startswith(("Update", "Create"))]
    assert harness.maps() == [{old: 100}]


@pytest.mark.slow
def test_unpinned_the_traffic_follows_what_other_tools_deploy(harness: CliHarness) -> None:
    old, other = stable(harness), OtherClient(harness)
    tags = other.tags()
    done = harness.command("rollback", harness.config(SHORT, {"n": 1}), "--unpin")
    assert (done.code, done.errors.splitlines()[-1]) == (0, f"serving: {old} 100 %"), done.errors
    assert other.tags() == tags and other.lease() is None

    def edit(service: run_v2.Service) -> None:
        service.template.revision = ""
        service.template.labels["by"] = "another-tool"

    changed = other.change(edit, "template")
    new = changed.latest_ready_revision.rpartition("/")[2]
    assert new != old
    assert [each.revision for each in changed.traffic_statuses if each.percent == 100] in ([new], [""])
    shown = harness.command("status", harness.config(SHORT), "--output", "text")
    assert f"{new} 100 %" in shown.errors


def test_a_hold_does_not_refuse_its_own_holder_what_ends_a_release(harness: CliHarness) -> None:
    """And it stands again afterwards; somebody else's hold refuses both."""
    old = stable(harness)
    held = harness.release(harness.config(HELD, {"n": 1}))
    assert held.code == 3
    config = harness.config((*TENTH, compare("2s"), *REST), {"n": 1})
    assert harness.command("hold", config, "--for", "2h").code == 0
    resumed = harness.command("resume", config)
    assert resumed.code == 0, resumed.errors
    assert " holds it since " in harness.command("status", config, "--output", "text").errors
    assert harness.command("rollback", config, "--now").code == 0
    assert harness.now == {old: 100}
    lease = OtherClient(harness).lease()
    assert lease is not None and json.loads(lease)["release_id"] is None
    other = lease.replace(json.loads(lease)["holder"], "ben at elsewhere")

    def edit(service: run_v2.Service) -> None:
        service.annotations["deploy-to-gcp/lease"] = other

    OtherClient(harness).change(edit, "annotations")
    assert harness.command("rollback", config, "--to", resumed.candidate, "--now").code == 5


def test_all_services_of_a_file_are_held_and_let_go_together(harness: CliHarness) -> None:
    """One that does not exist yet is told, and keeps no other from being held."""
    stable(harness)
    entries = {"ghost": harness.entry(f"{harness.service}-ghost"), "backend": harness.entry(harness.service)}
    config = harness.config(SHORT, services=entries)
    taken = harness.command("hold", config, "--all", "--for", "1h")
    assert taken.code == 4
    assert "ghost: could not hold the service" in taken.errors and "backend: held for 60 min" in taken.errors
    assert OtherClient(harness).lease() is not None
    harness.command("hold", config, "--all", "--release")
    assert OtherClient(harness).lease() is None


def test_a_hold_does_not_take_a_release_its_lease(harness: CliHarness) -> None:
    stable(harness)
    config = harness.config(SHORT, {"n": 1})
    said = []

    def hold(event: dict[str, object]) -> None:
        if event["type"] == "judged" and event["kind"] == "canary":
            said.append(harness.started(config, "--for", "1h", command="hold"))
            said.append(harness.started(config, "--release", command="hold"))

    assert harness.release(config, cue=hold).code == 0
    refused, not_let_go = said
    assert refused.code == 5
    assert "is deploying this service since" in refused.errors
    assert not_let_go.code == 5
    assert "is deploying backend" in not_let_go.errors


def test_status_tells_what_serves_who_deploys_and_what_was(harness: CliHarness) -> None:
    config = harness.config(HELD, {"n": 1})
    before = harness.command("status", config, "--output", "text")
    assert before.errors.endswith("there is no such service yet; the first release creates it\nserving: nothing\n")
    old = stable(harness)
    result = harness.release(harness.config(HELD, {"n": 1}))
    assert result.code == 3
    text = harness.command("status", config, "--output", "text").errors
    lines = [" ".join(line.split()) for line in text.splitlines()]
    release = result.of_type("started")[0]["release"]["id"]
    commit = harness.git("rev-parse", "HEAD")[:7]
    assert f"url {harness.url()}" in lines
    assert "lease no deployment in progress" in lines
    (line,) = [line for line in lines if line.startswith(f"unfinished release {release} of commit {commit}: ")]
    assert f"resume --config {config} --service backend" in line and " goes on, " in line
    assert f"revision {result.candidate} 10 % tags: canary commit {commit}" in lines
    assert any(line.startswith(f"release {release} held {datetime.now(UTC):%Y-}") for line in lines)
    assert lines[-1] == f"serving: {old} 90 %, {result.candidate} 10 %"
    [told] = harness.command("status", config).events
    assert told["serving"] == {old: 90, result.candidate: 10}
    assert told["unfinished"]["candidate"] == result.candidate
    assert [past["outcome"] for past in told["history"]] == ["held", "live"]
    assert json.dumps(told).count("good day") == 0


def test_a_held_release_goes_on_where_it_stopped(harness: CliHarness) -> None:
    old = stable(harness)
    harness.release(harness.config(HELD, {"n": 1})).ended(3)
    calls = harness.cloud.last_call()
    resumed = harness.command("resume", harness.config((*TENTH, compare("2s"), *REST), {"n": 1}))
    new = resumed.candidate
    assert resumed.code == 0, resumed.errors
    assert resumed.statuses == [("compare 2 s", "passed"), ("promote 100 %", "passed"), ("verify", "passed")]
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}, {new: 100}]
    assert not [each for each in harness.cloud.calls(calls) if "CreateBuild" in each]
    assert harness.command("resume", harness.config(HELD)).code == 2


@pytest.mark.slow
def test_a_held_release_goes_on_from_another_machine(harness: CliHarness) -> None:
    old = stable(harness)
    harness.release(harness.config(HELD, {"n": 1})).ended(3)
    config = harness.config((*TENTH, compare("2s"), *REST), {"n": 1})
    resumed = harness.command("resume", config, state=harness.root / "another")
    assert resumed.code == 0, resumed.stopped
    new = resumed.candidate
    assert resumed.statuses[0][0] == "compare 2 s"
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}, {new: 100}]


def test_a_failed_image_is_not_released_again_without_force(harness: CliHarness) -> None:
    """An image that was live before may have failed for its settings, so this one was never live."""
    old = stable(harness)
    harness.write("app/parts/words.py", 'GREETING = "good grief"\n')
    harness.commit()
    sick = harness.config((*TENTH, compare("60s"), *REST), {"fail_every": 1})
    assert harness.release(sick).code == 1
    calls = harness.cloud.last_call()
    again = harness.release(harness.config(SHORT))
    assert (again.code, again.statuses) == (1, [("build", "failed")])
    assert "failed in an earlier release; --force releases it all the same" in again.stopped["reason"]
    assert not [each for each in harness.cloud.calls(calls) if "CreateBuild" in each]
    assert harness.now == {old: 100}
    forced = harness.release(harness.config(SHORT), "--force")
    assert forced.code == 0, forced.errors
    assert harness.now == {forced.candidate: 100}


def test_plan_tells_the_revision_and_changes_nothing(harness: CliHarness) -> None:
    old = stable(harness)
    calls = harness.cloud.last_call()
    entry = harness.entry(harness.service, {"n": 1}, memory="300Mi", concurrency=7)
    result = harness.command("plan", harness.config((*TENTH, *REST), services={"backend": entry}))
    assert result.code == 0, result.errors
    [canary] = [event for event in result.events if event["step"] == "canary"]
    assert canary["told"].startswith(f"creates {harness.service}-{harness.git('rev-parse', 'HEAD')[:7]}-…")
    assert "changes memory: 256Mi -> 300Mi" in canary["details"]
    assert "changes concurrency: 80 -> 7" in canary["details"]
    assert "changes variable BEHAVE: another value" in canary["details"]
    assert not [each for each in canary["details"] if "image" in each]
    assert not [each for each in harness.cloud.calls(calls) if each.rpartition("/")[2].startswith(("Update", "Create"))]
    assert harness.maps() == [{old: 100}]
