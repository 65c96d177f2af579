"""Somebody else has the service: that is told apart from a bad release, before any work, and can be waited out."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import run_v2

from tests.rehearsal.clocks import Later
from tests.rehearsal.scripts import REST, SHORT, TENTH, compare, stable, when
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import PROJECT, Played, Theatre
from tests.waits import WITHIN

CHECKED = ({"git_clean": None}, *SHORT)


def taken(theatre: Theatre, holder: str, seconds: float) -> None:
    """A lease that nobody renews."""
    now = datetime.now(UTC)
    lease = {"holder": holder, "token": "t", "since": now.isoformat(), "release_id": "r"}
    lease["until"] = (now + timedelta(seconds=seconds)).isoformat()

    def edit(service: run_v2.Service) -> None:
        service.annotations["deploy-to-gcp/lease"] = json.dumps(lease)

    Someone(theatre).change(edit, "annotations")


def test_a_second_deployer_is_busy_before_it_does_any_work(theatre: Theatre) -> None:
    old = stable(theatre)
    taken(theatre, "ann at elsewhere (process 1)", 3600)
    played = theatre.release(theatre.config(CHECKED, {"n": 1}))
    assert (played.code, played.stopped["outcome"], played.stopped["exit_code"]) == (5, "busy", 5), played.errors
    assert played.statuses == []
    said = (
        r"ann at elsewhere \(process 1\) is deploying this service since \d\d:\d\d:\d\d UTC, until \d\d:\d\d:\d\d UTC"
    )
    assert re.match(said, played.stopped["reason"])
    assert played.stopped["serving"] == f"{old} 100 %"
    commands = "\n".join(played.stopped["next_commands"])
    assert "--wait 10m" in commands and "rollback --force" in commands
    assert theatre.maps() == [{old: 100}]
    assert theatre.command("hold", theatre.config(SHORT)).code == 5


def test_it_queues_and_then_goes_on(theatre: Theatre) -> None:
    old = stable(theatre)
    taken(theatre, "ann at elsewhere", 4)
    played = theatre.release(theatre.config(CHECKED, {"n": 1}), "--wait", "1m")
    assert played.code == 0, played.errors
    assert any(each["text"].startswith("waiting ") and "ann" in each["text"] for each in played.of_type("progress"))
    assert theatre.maps() == [{old: 100}, {played.candidate: 100}]


def test_who_waits_can_leave(theatre: Theatre) -> None:
    stable(theatre)
    taken(theatre, "ann at elsewhere", 3600)
    process = theatre.start(theatre.config(CHECKED, {"n": 1}), "--wait", "10m")
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if '"waiting' in line:
                break
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 130, errors
    assert json.loads(out.splitlines()[-1])["outcome"] == "interrupted"


@pytest.mark.slow
def test_resume_is_busy_too_and_that_changes_nothing(theatre: Theatre) -> None:
    old = stable(theatre)
    held = theatre.release(theatre.config((*TENTH, compare("500ms", path="/nowhere"), *REST), {"n": 1}))
    assert held.code == 3
    taken(theatre, "ann at elsewhere", 3600)
    config = theatre.config((*TENTH, compare("2s"), *REST), {"n": 1})
    busy = theatre.command("resume", config)
    assert (busy.code, busy.stopped["outcome"]) == (5, "busy"), busy.errors
    assert any(" resume --force " in each for each in busy.stopped["next_commands"])
    [first, *_] = theatre.command("history", config).events
    assert first["outcome"] == "held", "what it came to before"
    resumed = theatre.command("resume", config, "--force")
    assert resumed.code == 0, resumed.errors
    assert resumed.statuses[0][0] == "compare 2 s"
    assert theatre.maps() == [{old: 100}, {old: 90, resumed.candidate: 10}, {resumed.candidate: 100}]


def test_a_holder_whose_process_has_ended_here_is_told_of(theatre: Theatre) -> None:
    stable(theatre)
    with subprocess.Popen(["true"]) as gone:
        gone.wait()

    taken(theatre, f"ann at {socket.gethostname()} (process {gone.pid})", 3600)
    played = theatre.release(theatre.config(SHORT, {"n": 1}))
    assert played.code == 5
    assert "that process has ended on this machine" in played.stopped["reason"]


@pytest.mark.slow
def test_who_loses_the_race_of_a_first_release_is_busy(theatre: Theatre) -> None:
    second: list[Played] = []

    def deploy() -> None:
        second.append(theatre.started(theatre.config(SHORT, {"n": 2}), state=theatre.root / "another"))

    played = theatre.release(theatre.config(SHORT, {"n": 1}), cue=when("build", deploy))
    assert second[0].code == 0, second[0].errors
    assert (played.code, played.stopped["outcome"]) == (5, "busy"), played.stopped
    assert theatre.maps() == [{second[0].candidate: 100}]


def test_a_first_release_that_another_one_is_built_for_is_busy_before_it_does_any_work(theatre: Theatre) -> None:
    """There is no service yet that a lease could be on."""
    second: list[Played] = []
    theatre.write("Dockerfile", (theatre.repository / "Dockerfile").read_text() + "RUN sleep 30\n")
    theatre.commit()

    def deploy(event: dict[str, object]) -> None:
        if event["type"] == "progress" and "is under way" in str(event["text"]):
            second.append(theatre.started(theatre.config(CHECKED, {"n": 2}), state=theatre.root / "another"))
            raise SystemExit("the machine is gone")

    with pytest.raises(SystemExit):
        theatre.release(theatre.config(SHORT, {"n": 1}), cue=deploy)
    [busy] = second
    assert (busy.code, busy.stopped["outcome"], busy.statuses) == (5, "busy", []), busy.errors
    assert re.match(
        r"release \S+-backend-\S+ is deploying this service since \d\d:\d\d:\d\d UTC$", busy.stopped["reason"]
    )
    assert theatre.maps() == []


@pytest.mark.parametrize("text", ["soon", "0s", "200h"])
def test_a_time_that_is_none(theatre: Theatre, text: str) -> None:
    for command in ("deploy", "resume", "rollback", "hold"):
        played = theatre.command(command, theatre.config(SHORT), "--wait", text)
        assert played.code == 2 and f"--wait {text}: " in played.errors, command


def test_the_report_of_a_release_that_runs_says_so_and_does_not_offer_to_resume_it(theatre: Theatre) -> None:
    stable(theatre)
    said: list[str] = []

    def report() -> None:
        said.append(theatre.run("report", "--project", PROJECT, "--format", "text").errors)

    played = theatre.release(theatre.config(SHORT, {"n": 1}), cue=when("canary", report))
    assert played.code == 0, played.errors
    assert "is still running" in said[0] and " status " in said[0]
    assert " resume " not in said[0]


@pytest.mark.parametrize(
    ("later", "told"), [(300.0, "5 min ahead of Google's"), (-300.0, "5 min behind Google's"), (5.0, "")]
)
def test_a_clock_that_goes_wrong_is_told(theatre: Theatre, later: float, told: str) -> None:
    stable(theatre)
    played = theatre.release(theatre.config(SHORT, {"n": 1}), clock=Later(later))
    assert played.code == 0, played.errors
    lines = [each["text"] for each in played.of_type("progress") if "this machine's clock" in each["text"]]
    assert len(lines) == (1 if told else 0) and all(told in line for line in lines)
