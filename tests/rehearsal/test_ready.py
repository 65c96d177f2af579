"""A candidate without users, as asked: what that is called, what it says to type next, and that it can be typed."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

import pytest

from tests.rehearsal.scripts import BUILT, REST, SHORT, stable
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import Played, Theatre

PROBE = {"probe": {"attempts": 10, "need": 2, "every": "20ms"}}
PROBED = (*BUILT, PROBE)
WHOLE = (*PROBED, {"promote": {"percent": 10}}, *REST)


def typed(theatre: Theatre, played: Played, command: str, **more: object) -> Played:
    """What the last line said to type, run as it stands, with the output that a test can read."""
    [line] = [each for each in played.stopped["next_commands"] if f" {command} " in each]
    words = shlex.split(line, comments=True)
    words = words[words.index(command) :]
    return theatre.run(*words, "--output", "json", **more)  # type: ignore[arg-type]


def test_asked_for_no_traffic_it_ends_ready_and_goes_live_when_resumed(theatre: Theatre) -> None:
    old = stable(theatre)
    played = theatre.release(theatre.config(WHOLE, {"n": 1}), "--no-traffic")
    new = played.candidate
    assert (played.code, played.stopped["outcome"], played.stopped["exit_code"]) == (0, "ready", 0), played.errors
    assert theatre.maps() == [{old: 100}]
    assert played.stopped["serving"].startswith(f"{old} 100 %")
    assert Someone(theatre).tags()["canary"] == new
    assert "as asked; it answers at http" in played.stopped["reason"]
    calls = theatre.cloud.last_call()
    resumed = typed(theatre, played, "resume")
    assert (resumed.code, resumed.stopped["outcome"]) == (0, "live"), f"{resumed.statuses} {resumed.errors}"
    assert [label for label, _ in resumed.statuses] == ["promote 10 %", "promote 100 %", "verify"]
    assert theatre.maps() == [{old: 100}, {old: 90, new: 10}, {new: 100}]
    assert not [each for each in theatre.cloud.calls(calls) if "CreateBuild" in each]


def test_a_ready_release_can_be_given_up(theatre: Theatre) -> None:
    """Its users stay where they are, as is promised beside the command, also where there is something older."""
    older, old = stable(theatre), stable(theatre, n=2)
    played = theatre.release(theatre.config(WHOLE, {"n": 1}), "--no-traffic")
    given_up = typed(theatre, played, "rollback")
    assert given_up.code == 0, given_up.errors
    assert theatre.maps() == [{older: 100}, {old: 100}]
    someone = Someone(theatre)
    assert "canary" not in someone.tags()
    assert "deploy-to-gcp/release" not in someone.read().annotations
    assert theatre.command("resume", theatre.config(WHOLE)).code == 2


def test_ready_is_what_everyone_calls_it(theatre: Theatre) -> None:
    stable(theatre)
    config = theatre.config(WHOLE, {"n": 1})
    played = theatre.release(config, "--no-traffic", "--report-dir", str(theatre.root / "reports"))
    release = played.of_type("started")[0]["release"]["id"]
    status = theatre.command("status", config, "--output", "text").errors
    assert f"ready release {release} of commit" in status
    assert f"release   {release}  ready  {datetime.now(UTC):%Y-}" in status
    [line] = [each for each in theatre.command("history", config).events if each["release"] == release]
    assert line["outcome"] == "ready"
    texts = {path.suffix: path.read_text() for path in (theatre.root / "reports").iterdir()}
    assert "is ready: it is up without users, as asked" in texts[".html"]
    assert "live" not in texts[".txt"].split("Timeline")[0].lower().replace("deliver", "")
    assert 'name="outcome" value="ready"' in texts[".xml"]
    assert 'failures="0" errors="0"' in texts[".xml"]


def test_resumed_from_another_machine(theatre: Theatre) -> None:
    old = stable(theatre)
    theatre.release(theatre.config(WHOLE, {"n": 1}), "--no-traffic")
    resumed = theatre.command("resume", theatre.config(WHOLE, {"n": 1}), state=theatre.root / "another")
    assert (resumed.code, resumed.stopped["outcome"]) == (0, "live"), resumed.errors
    assert theatre.maps() == [{old: 100}, {old: 90, resumed.candidate: 10}, {resumed.candidate: 100}]


def test_a_plan_without_a_promotion_ends_ready_and_says_what_is_missing(theatre: Theatre) -> None:
    old = stable(theatre)
    played = theatre.release(theatre.config(PROBED, {"n": 1}))
    assert (played.code, played.stopped["outcome"]) == (0, "ready"), played.errors
    assert theatre.maps() == [{old: 100}]
    resumed = typed(theatre, played, "resume")
    assert resumed.code == 2
    assert "no step gives it users: add promote: {percent: 100} and verify" in resumed.errors
    assert "config.yaml:" in resumed.errors
    theatre.config(WHOLE, {"n": 1})
    assert typed(theatre, played, "resume").stopped["outcome"] == "live"
    assert theatre.now == {played.candidate: 100}


@pytest.mark.slow
def test_the_next_release_leaves_a_ready_one_its_outcome(theatre: Theatre) -> None:
    old = stable(theatre)
    theatre.release(theatre.config(WHOLE, {"n": 1}), "--no-traffic")
    live = theatre.release(theatre.config(WHOLE, {"n": 2}))
    assert live.code == 0, live.errors
    [told] = theatre.command("status", theatre.config(WHOLE)).events
    assert [past["outcome"] for past in told["history"]] == ["live", "ready", "live"]
    assert theatre.maps() == [{old: 100}, {old: 90, live.candidate: 10}, {live.candidate: 100}]


def test_a_first_release_has_all_traffic_whatever_was_asked(theatre: Theatre) -> None:
    played = theatre.release(theatre.config(WHOLE, {"n": 1}), "--no-traffic")
    assert (played.code, played.stopped["outcome"]) == (0, "live"), played.errors
    assert "all traffic at once, being the service's first revision" in played.stopped["reason"]
    assert ("verify", "passed") in played.statuses
    assert played.stopped["serving"].startswith(f"{played.candidate}")
    assert theatre.maps() == [{played.candidate: 100}]


@pytest.mark.slow
def test_live_is_not_said_when_the_traffic_is_elsewhere_by_then(theatre: Theatre) -> None:
    """Without a verify nobody would have looked; somebody moves the traffic right after the promotion."""
    old = stable(theatre)
    steps = (*SHORT, PROBE)

    def cue(event: dict[str, object]) -> None:
        if (event["type"], event.get("label"), event.get("status")) == ("judged", "probe", "passed"):
            Someone(theatre).split({old: 100})

    played = theatre.release(theatre.config(steps, {"n": 1}), cue=cue)
    assert (played.code, played.stopped["outcome"]) == (3, "held"), played.stopped
    assert f"does not have all traffic; serving: {old} 100 %" in played.stopped["reason"]
