"""A candidate without users, as asked: what that is called, what it says to type next, and that it can be typed."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

import pytest

from tests.rehearsal.cli_harness import CliHarness, CommandResult
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, REST, SHORT, stable

PROBE = {"probe": {"attempts": 10, "need": 2, "every": "20ms"}}
PROBED = (*BUILT, PROBE)
WHOLE = (*PROBED, {"promote": {"percent": 10}}, *REST)


def typed(harness: CliHarness, result: CommandResult, command: str, **more: object) -> CommandResult:
    """What the last line said to type, run as it stands, with the output that a test can read."""
    [line] = [each for each in result.stopped["next_commands"] if f" {command} " in each]
    words = shlex.split(line, comments=True)
    words = words[words.index(command) :]
    return harness.run(*words, "--output", "json", **more)  # type: ignore[arg-type]


def test_asked_for_no_traffic_it_ends_ready_and_goes_live_when_resumed(harness: CliHarness) -> None:
    old = stable(harness)
    result = harness.release(harness.config(WHOLE, {"n": 1}), "--no-traffic")
    new = result.candidate
    assert (result.code, result.stopped["outcome"], result.stopped["exit_code"]) == (0, "ready", 0), result.errors
    assert harness.maps() == [{old: 100}]
    assert result.stopped["serving"].startswith(f"{old} 100 %")
    assert OtherClient(harness).tags()["canary"] == new
    assert "as asked; it answers at http" in result.stopped["reason"]
    calls = harness.cloud.last_call()
    resumed = typed(harness, result, "resume")
    assert (resumed.code, resumed.stopped["outcome"]) == (0, "live"), f"{resumed.statuses} {resumed.errors}"
    assert [label for label, _ in resumed.statuses] == ["promote 10 %", "promote 100 %", "verify"]
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}, {new: 100}]
    assert not [each for each in harness.cloud.calls(calls) if "CreateBuild" in each]


def test_a_ready_release_can_be_given_up(harness: CliHarness) -> None:
    """Its users stay where they are, as is promised beside the command, also where there is something older."""
    older, old = stable(harness), stable(harness, n=2)
    result = harness.release(harness.config(WHOLE, {"n": 1}), "--no-traffic")
    given_up = typed(harness, result, "rollback")
    assert given_up.code == 0, given_up.errors
    assert harness.maps() == [{older: 100}, {old: 100}]
    other = OtherClient(harness)
    assert "canary" not in other.tags()
    assert "deploy-to-gcp/release" not in other.read().annotations
    assert harness.command("resume", harness.config(WHOLE)).code == 2


def test_ready_is_what_everyone_calls_it(harness: CliHarness) -> None:
    stable(harness)
    config = harness.config(WHOLE, {"n": 1})
    result = harness.release(config, "--no-traffic", "--report-dir", str(harness.root / "reports"))
    release = result.of_type("started")[0]["release"]["id"]
    status = harness.command("status", config, "--output", "text").errors
    assert f"ready release {release} of commit" in status
    assert f"release   {release}  ready  {datetime.now(UTC):%Y-}" in status
    [line] = [each for each in harness.command("history", config).events if each["release"] == release]
    assert line["outcome"] == "ready"
    texts = {path.suffix: path.read_text() for path in (harness.root / "reports").iterdir()}
    assert "is ready: it is up without users, as asked" in texts[".html"]
    assert "live" not in texts[".txt"].split("Timeline")[0].lower().replace("deliver", "")
    assert 'name="outcome" value="ready"' in texts[".xml"]
    assert 'failures="0" errors="0"' in texts[".xml"]


def test_resumed_from_another_machine(harness: CliHarness) -> None:
    old = stable(harness)
    harness.release(harness.config(WHOLE, {"n": 1}), "--no-traffic").ended()
    resumed = harness.command("resume", harness.config(WHOLE, {"n": 1}), state=harness.root / "another")
    assert (resumed.code, resumed.stopped["outcome"]) == (0, "live"), resumed.errors
    assert harness.maps() == [{old: 100}, {old: 90, resumed.candidate: 10}, {resumed.candidate: 100}]


def test_a_plan_without_a_promotion_ends_ready_and_says_what_is_missing(harness: CliHarness) -> None:
    old = stable(harness)
    result = harness.release(harness.config(PROBED, {"n": 1}))
    assert (result.code, result.stopped["outcome"]) == (0, "ready"), result.errors
    assert harness.maps() == [{old: 100}]
    resumed = typed(harness, result, "resume")
    assert resumed.code == 2
    assert "no step gives it users: add promote: {percent: 100} and verify" in resumed.errors
    assert "config.yaml:" in resumed.errors
    harness.config(WHOLE, {"n": 1})
    assert typed(harness, result, "resume").stopped["outcome"] == "live"
    assert harness.now == {result.candidate: 100}


@pytest.mark.slow
def test_the_next_release_leaves_a_ready_one_its_outcome(harness: CliHarness) -> None:
    old = stable(harness)
    harness.release(harness.config(WHOLE, {"n": 1}), "--no-traffic").ended()
    live = harness.release(harness.config(WHOLE, {"n": 2}))
    assert live.code == 0, live.errors
    [told] = harness.command("status", harness.config(WHOLE)).events
    assert [past["outcome"] for past in told["history"]] == ["live", "ready", "live"]
    assert harness.maps() == [{old: 100}, {old: 90, live.candidate: 10}, {live.candidate: 100}]


def test_a_first_release_has_all_traffic_whatever_was_asked(harness: CliHarness) -> None:
    result = harness.release(harness.config(WHOLE, {"n": 1}), "--no-traffic")
    assert (result.code, result.stopped["outcome"]) == (0, "live"), result.errors
    assert "all traffic at once, being the service's first revision" in result.stopped["reason"]
    assert ("verify", "passed") in result.statuses
    assert result.stopped["serving"].startswith(f"{result.candidate}")
    assert harness.maps() == [{result.candidate: 100}]


@pytest.mark.slow
def test_live_is_not_said_when_the_traffic_is_elsewhere_by_then(harness: CliHarness) -> None:
    """Without a verify nobody would have looked; somebody moves the traffic right after the promotion."""
    old = stable(harness)
    steps = (*SHORT, PROBE)

    def cue(event: dict[str, object]) -> None:
        if (event["type"], event.get("label"), event.get("status")) == ("judged", "probe", "passed"):
            OtherClient(harness).split({old: 100})

    result = harness.release(harness.config(steps, {"n": 1}), cue=cue)
    assert (result.code, result.stopped["outcome"]) == (3, "held"), result.stopped
    assert f"does not have all traffic; serving: {old} 100 %" in result.stopped["reason"]
