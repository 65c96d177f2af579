"""Ctrl-C and a cancelled CI job: the first signal restores and says so, the second ends at once, to be resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.rehearsal.cli_harness import CliHarness, Users
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, TENTH, stable
from tests.waits import WITHIN

WHOLE = (*TENTH, {"promote": {"percent": 100}})
BAKING = (*BUILT, {"promote": {"percent": 10, "bake": "10m"}}, {"promote": {"percent": 100}})
AT_ONCE = 25.0
SLOW = 'FROM python:3.11-slim\nCOPY app/ app/\nRUN sleep 300\nCMD ["python", "-m", "app.main"]\n'
BUILD = "google.devtools.cloudbuild.v1.CloudBuild/"


class Command:
    """A release as a process, followed line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []

    def wait_for(self, **wanted: str) -> None:
        """Until an event with these values."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if wanted.items() <= self.events[-1].items():
                return
        raise AssertionError(f"it ended without {wanted}: {self.process.communicate()[1]}")

    def signal(self, *numbers: int) -> tuple[int, str]:
        """The exit code, and what it said on standard error."""
        for number in numbers:
            self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=WITHIN)
        self.events += [json.loads(line) for line in out.splitlines()]
        return self.process.returncode, errors

    @property
    def stopped(self) -> dict[str, Any]:
        return next(event for event in self.events if event["type"] == "stopped")


@pytest.fixture
def commands() -> Iterator[list[Command]]:
    started: list[Command] = []
    yield started
    for command in started:
        command.process.kill()
        command.process.communicate()


def wait_until(command: Command, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        assert command.process.poll() is None, command.process.communicate()
        assert time.monotonic() < deadline, command.events
        time.sleep(0.05)


def baking(harness: CliHarness, commands: list[Command]) -> tuple[str, Command]:
    """The stable revision, and a release that waits at 10 %."""
    old = stable(harness)
    command = Command(harness.start(harness.config(BAKING, {"n": 1})))
    commands.append(command)
    command.wait_for(type="asked", kind="promote")
    wait_until(command, lambda: harness.now != {old: 100})
    return old, command


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_first_signal_restores_and_says_so(harness: CliHarness, commands: list[Command], number: int) -> None:
    old, command = baking(harness, commands)
    with Users(f"{harness.url()}/work") as users:
        code, errors = command.signal(number)
    assert code == 130, errors
    assert command.stopped["outcome"] == "interrupted"
    assert command.stopped["reason"] == f"interrupted by {signal.Signals(number).name}"
    assert command.stopped["serving"] == f"{old} 100 %"
    assert "Traceback" not in errors
    assert harness.now == {old: 100}
    assert OtherClient(harness).lease() is None
    assert users.answers and users.failures() == []


@pytest.mark.slow
def test_the_second_signal_ends_at_once_and_resume_takes_it_up(harness: CliHarness, commands: list[Command]) -> None:
    old, command = baking(harness, commands)
    harness.cloud.faults({"method": "google.cloud.run.v2.Services/UpdateService", "delay": 30.0, "times": 0})
    command.process.send_signal(signal.SIGINT)
    command.wait_for(type="restore_asked")
    began = time.monotonic()
    code, errors = command.signal(signal.SIGINT)
    assert (code, time.monotonic() - began < AT_ONCE) == (130, True), errors
    assert "deploy_to_gcp.py resume" in errors and "Traceback" not in errors
    harness.cloud.clear_faults()
    resumed = harness.command("resume", harness.config(BAKING, {"n": 1}), "--force")
    assert resumed.code == 130, resumed.errors
    assert harness.now == {old: 100}
    assert OtherClient(harness).lease() is None


def test_a_build_that_is_interrupted_is_cancelled(harness: CliHarness, commands: list[Command]) -> None:
    harness.write("Dockerfile", SLOW)
    harness.commit()
    before = harness.cloud.last_call()
    command = Command(harness.start(harness.config(BAKING)))
    commands.append(command)
    wait_until(command, lambda: f"{BUILD}GetBuild" in harness.cloud.calls(before))
    code, errors = command.signal(signal.SIGINT)
    assert code == 130, errors
    calls = harness.cloud.calls(before)
    assert (calls.count(f"{BUILD}CreateBuild"), calls.count(f"{BUILD}CancelBuild")) == (1, 1)
    assert command.stopped["serving"] == "nothing; the service does not exist"


@pytest.mark.slow
def test_a_build_whose_client_was_killed_is_gone_on_with(harness: CliHarness, commands: list[Command]) -> None:
    """It is found by its release, and waited for, instead of building again."""
    harness.write("Dockerfile", SLOW.replace("sleep 300", "sleep 3"))
    harness.commit()
    stable(harness)
    harness.write("app/parts/words.py", 'GREETING = "good evening"\n')
    harness.commit()
    before = harness.cloud.last_call()
    command = Command(harness.start(harness.config(WHOLE)))
    commands.append(command)
    wait_until(command, lambda: f"{BUILD}GetBuild" in harness.cloud.calls(before))
    command.signal(signal.SIGKILL)
    resumed = harness.command("resume", harness.config(WHOLE), "--force", state=harness.root / "elsewhere")
    assert resumed.code == 0, resumed.errors
    assert harness.cloud.calls(before).count(f"{BUILD}CreateBuild") == 1
