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

from tests.rehearsal.cli_harness import PROJECT, CliHarness, CommandResult
from tests.rehearsal.clocks import Later
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import REST, SHORT, TENTH, compare, stable, when
from tests.waits import WITHIN

CHECKED = ({"git_clean": None}, *SHORT)


def taken(harness: CliHarness, holder: str, seconds: float) -> None:
    """A lease that nobody renews."""
    now = datetime.now(UTC)
    lease = {"holder": holder, "token": "t", "since": now.isoformat(), "release_id": "r"}
    lease["until"] = (now + timedelta(seconds=seconds)).isoformat()

    def edit(service: run_v2.Service) -> None:
        service.annotations["deploy-to-gcp/lease"] = json.dumps(lease)

    OtherClient(harness).change(edit, "annotations")


def test_a_second_deployer_is_busy_before_it_does_any_work(harness: CliHarness) -> None:
    old = stable(harness)
    taken(harness, "ann at elsewhere (process 1)", 3600)
    result = harness.release(harness.config(CHECKED, {"n": 1}))
    assert (result.code, result.stopped["outcome"], result.stopped["exit_code"]) == (5, "busy", 5), result.errors
    assert result.statuses == []
    said = (
        r"ann at elsewhere \(process 1\) is deploying this service since \d\d:\d\d:\d\d UTC, until \d\d:\d\d:\d\d UTC"
    )
    assert re.match(said, result.stopped["reason"])
    assert "if its client is dead, nobody renews it, and the service is free then" in result.stopped["reason"]
    assert result.stopped["serving"] == f"{old} 100 %"
    commands = "\n".join(result.stopped["next_commands"])
    assert "--wait 10m" in commands and "rollback --force" in commands
    assert harness.maps() == [{old: 100}]
    for words in (("hold",), ("rollback", "--unpin")):
        refused = harness.command(words[0], harness.config(SHORT), *words[1:])
        assert refused.code == 5 and "only if its client is gone: " in refused.errors, refused.errors


def test_it_queues_and_then_goes_on(harness: CliHarness) -> None:
    old = stable(harness)
    taken(harness, "ann at elsewhere", 4)
    result = harness.release(harness.config(CHECKED, {"n": 1}), "--wait", "1m")
    assert result.code == 0, result.errors
    assert any(each["text"].startswith("waiting ") and "ann" in each["text"] for each in result.of_type("progress"))
    assert harness.maps() == [{old: 100}, {result.candidate: 100}]


def test_who_waits_can_leave(harness: CliHarness) -> None:
    stable(harness)
    taken(harness, "ann at elsewhere", 3600)
    process = harness.start(harness.config(CHECKED, {"n": 1}), "--wait", "10m")
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
def test_resume_is_busy_too_and_that_changes_nothing(harness: CliHarness) -> None:
    old = stable(harness)
    held = harness.release(harness.config((*TENTH, compare("500ms", path="/nowhere"), *REST), {"n": 1}))
    assert held.code == 3
    taken(harness, "ann at elsewhere", 3600)
    config = harness.config((*TENTH, compare("2s"), *REST), {"n": 1})
    busy = harness.command("resume", config)
    assert (busy.code, busy.stopped["outcome"]) == (5, "busy"), busy.errors
    assert any(" resume --force " in each for each in busy.stopped["next_commands"])
    [first, *_] = harness.command("history", config).events
    assert first["outcome"] == "held", "what it came to before"
    resumed = harness.command("resume", config, "--force")
    assert resumed.code == 0, resumed.errors
    assert resumed.statuses[0][0] == "compare 2 s"
    assert harness.maps() == [{old: 100}, {old: 90, resumed.candidate: 10}, {resumed.candidate: 100}]


def test_a_holder_whose_process_has_ended_here_is_told_of(harness: CliHarness) -> None:
    stable(harness)
    with subprocess.Popen(["true"]) as gone:
        gone.wait()

    taken(harness, f"ann at {socket.gethostname()} (process {gone.pid})", 3600)
    result = harness.release(harness.config(SHORT, {"n": 1}))
    assert result.code == 5
    assert "that process has ended on this machine" in result.stopped["reason"]


@pytest.mark.slow
def test_a_first_release_keeps_others_off_before_there_is_a_service(harness: CliHarness) -> None:
    second: list[CommandResult] = []

    def deploy() -> None:
        second.append(harness.started(harness.config(SHORT, {"n": 2}), state=harness.root / "another"))

    result = harness.release(harness.config(SHORT, {"n": 1}), cue=when("build", deploy))
    assert (second[0].code, second[0].statuses) == (5, []), second[0].errors
    assert result.code == 0, result.errors
    assert harness.maps() == [{result.candidate: 100}]


def test_a_first_release_that_another_one_is_built_for_is_busy_before_it_does_any_work(harness: CliHarness) -> None:
    """Its client is gone, and its lease is not over yet: who is refused can go on with it all the same."""
    second: list[CommandResult] = []
    harness.write("Dockerfile", (harness.repository / "Dockerfile").read_text() + "RUN sleep 30\n")
    harness.commit()

    def deploy(event: dict[str, object]) -> None:
        if event["type"] == "progress" and "is under way" in str(event["text"]):
            second.append(harness.started(harness.config(CHECKED, {"n": 2}), state=harness.root / "another"))
            raise SystemExit("the machine is gone")

    with pytest.raises(SystemExit):
        harness.release(harness.config(SHORT, {"n": 1}), cue=deploy)
    [busy] = second
    assert (busy.code, busy.stopped["outcome"], busy.statuses) == (5, "busy", []), busy.errors
    assert re.search(
        r" is deploying this service since \d\d:\d\d:\d\d UTC, until \d\d:\d\d:\d\d UTC", busy.stopped["reason"]
    )
    assert harness.maps() == []
    offered = busy.stopped["next_commands"]
    assert any(" resume --force " in each for each in offered) and not any(" rollback " in each for each in offered)


@pytest.mark.parametrize("text", ["soon", "0s", "200h"])
def test_a_time_that_is_none(harness: CliHarness, text: str) -> None:
    for command in ("deploy", "resume", "rollback", "hold"):
        result = harness.command(command, harness.config(SHORT), "--wait", text)
        assert result.code == 2 and f"--wait {text}: " in result.errors, command


def test_the_report_of_a_release_that_runs_says_so_and_does_not_offer_to_resume_it(harness: CliHarness) -> None:
    stable(harness)
    said: list[str] = []

    def report() -> None:
        said.append(harness.run("report", "--project", PROJECT, "--format", "text").errors)

    result = harness.release(harness.config(SHORT, {"n": 1}), cue=when("canary", report))
    assert result.code == 0, result.errors
    assert "is still running" in said[0] and " status " in said[0]
    assert " resume " not in said[0]


@pytest.mark.parametrize(
    ("later", "told"), [(300.0, "5 min ahead of Google's"), (-300.0, "5 min behind Google's"), (5.0, "")]
)
def test_a_clock_that_goes_wrong_is_told(harness: CliHarness, later: float, told: str) -> None:
    stable(harness)
    result = harness.release(harness.config(SHORT, {"n": 1}), clock=Later(later))
    assert result.code == 0, result.errors
    lines = [each["text"] for each in result.of_type("progress") if "this machine's clock" in each["text"]]
    assert len(lines) == (1 if told else 0) and all(told in line for line in lines)
