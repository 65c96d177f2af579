"""From its first line until it is gone, a command that is sent signals ends with a documented exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_lib.cli.process import INTERRUPTED
from tests.waits import WITHIN, until

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "scripts" / "deploy_to_gcp.py"
STOPS = ("SIGINT", "SIGTERM", "SIGHUP")
AT = """
import os, runpy, signal, sys
event, what, number, script, *sys.argv[1:] = sys.argv[1:]
def hook(name, told):
    if name == event and what in str(told[0]) and callable(signal.getsignal(signal.SIGTERM)):
        os.kill(os.getpid(), getattr(signal, number))
sys.addaudithook(hook)
sys.argv[0] = script
runpy.run_path(script, run_name="__main__")
"""
"""The command is sent a signal where Python tells of an event: an import, a file that is opened, an exec."""
LINES = """
import os, signal, sys
counted = 0
def trace(frame, event, told):
    global counted
    code = frame.f_code
    if not code.co_filename.endswith(("cli/process.py", "cli/signals.py")) or code.co_name == "<module>":
        return None
    if event == "line" and (counted or code.co_name == "with_signals"):
        counted += 1
        if counted == int(sys.argv[2]):
            os.write(2, b"sent ")
            for _ in range(int(sys.argv[4])):
                os.kill(os.getpid(), getattr(signal, sys.argv[3]))
    return trace
sys.settrace(trace)
"""
"""Sends signals at a line, counted in the code around signals from where the handlers are set."""
WRITTEN = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
from deploy_lib.cli.process import carry_out
from deploy_lib.cli.signals import stopping
from deploy_lib.drivers.clock import SystemClock

def kill(number=signal.SIGTERM):
    os.kill(os.getpid(), number)

def hang():
    texts = iter(["here", "again"])
    while True:
        try:
            print(next(texts), file=sys.stderr, flush=True)
            time.sleep(300)
        except KeyboardInterrupt:
            pass

def run(argv):
    {body}

carry_out([], run)
"""
RELEASE = """
    with stopping(SystemClock(), "x resume") as signals:
        {inside}
    {after}
    return {code}
"""


BREAKS = AT.replace("os.kill(os.getpid(), getattr(signal, number))", "raise BrokenPipeError(32, number)")
"""A pipe breaks there."""


def at(event: str, what: str, number: str, *words: str, does: str = AT) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", does, event, what, number, str(COMMAND), *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=WITHIN)


@pytest.mark.parametrize(
    ("what", "number"),
    [
        ("deploy_lib.cli.bootstrap", "SIGINT"),
        ("deploy_lib.cli.arguments", "SIGTERM"),
        ("argparse", "SIGHUP"),
        ("deploy_lib.cli.check", "SIGTERM"),
        ("yaml", "SIGINT"),
        ("deploy_lib.config", "SIGHUP"),
    ],
)
def test_while_it_starts(what: str, number: str) -> None:
    done = at("import", what, number, "check", "--config", str(ROOT / "config" / "local.yaml"))
    assert (done.returncode, "Traceback" in done.stderr) == (130, False), done.stderr
    assert "interrupted" in done.stderr


def test_while_it_becomes_another_python(tmp_path: Path) -> None:
    """The signal waits for the program that is executed. It is taken there as it would have been here."""
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    script = tmp_path / "again.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from deploy_lib.cli.bootstrap import _again\n"
        "from deploy_lib.cli.process import carry_out\n"
        f"carry_out(sys.argv[1:], lambda argv: _again({str(other)!r}, argv))\n"
    )
    line = [sys.executable, "-c", AT, "os.exec", "python", "SIGTERM", str(script), "check", "--repo", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=WITHIN)
    assert (done.returncode, done.stderr) == (130, "deploy_to_gcp.py: interrupted\n")


def ended(body: str, *sent: str, stdout: int = subprocess.DEVNULL) -> tuple[int, str]:
    """The exit code of a program, and its standard error; each signal is sent when it has said one more line."""
    line = [sys.executable, "-c", WRITTEN.replace("{body}", body.strip()), str(ROOT)]
    with subprocess.Popen(line, stdout=stdout, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        try:
            for number in sent:
                said += process.stderr.readline()
                process.send_signal(getattr(signal, number))
            said += process.communicate(timeout=WITHIN)[1]
        finally:
            process.kill()
    return process.returncode, said


@pytest.mark.parametrize("number", STOPS)
def test_the_first_ends_what_only_reads(number: str) -> None:
    body = "print('here', file=sys.stderr, flush=True); time.sleep(300)"
    assert ended(body, number) == (130, "here\ndeploy_to_gcp.py: interrupted\n")


@pytest.mark.parametrize("number", STOPS)
def test_the_second_ends_what_does_not_let_itself_be_ended(number: str) -> None:
    assert ended("hang()", number, "SIGINT") == (130, "here\nagain\n")


@pytest.mark.parametrize(
    ("inside", "after", "code", "ends"),
    [
        ("kill(); signals.decided(0)", "pass", 0, 0),
        ("kill(); signals.decided(130)", "kill(); kill(signal.SIGINT)", 130, 130),
        ("signals.decided(3)", "kill()", 3, 3),
        ("signals.decided(0)", "kill(); hang()", 0, 0),
        ("signals.decided(1)", "kill(); kill(signal.SIGHUP); hang()", 1, 1),
        ("kill(); signals.decided(130)", "kill(); hang()", 130, 130),
        ("kill(); time.sleep(0.1); kill(); hang()", "pass", 0, 130),
        ("kill()", "kill(); hang()", 0, 130),
        ("pass", "sys.exit(2)", 0, 2),
        ("pass", "raise KeyboardInterrupt", 0, 130),
    ],
)
def test_an_outcome_that_is_decided_stays(inside: str, after: str, code: int, ends: int) -> None:
    body = RELEASE.format(inside=inside, after=after, code=code)
    sent = () if "hang" not in body or body.count("kill(") > 1 else ("SIGINT",)
    assert ended(body, *sent)[0] == ends


def test_what_holds_the_last_output_up_is_ended_too() -> None:
    """Nobody reads what is written."""
    heard, told = os.pipe()
    os.set_blocking(told, False)
    try:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(told, b"x" * 4096)
        os.set_blocking(told, True)
        body = "print('here', file=sys.stderr, flush=True); print('the last line'); return 3"
        line = [sys.executable, "-c", WRITTEN.replace("{body}", body), str(ROOT)]
        with subprocess.Popen(line, stdout=told, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None and process.stderr.readline()
            until(lambda: _ended(process))
        assert process.returncode in (3, INTERRUPTED)
    finally:
        os.close(heard)
        os.close(told)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.poll() is not None


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_at_every_line_of_the_way_in_and_out(times: int) -> None:
    """Sent at the n-th line that is run of the code around signals, for every n until there is no such line."""
    body = RELEASE.format(inside="signals.decided(0)", after="pass", code=0)
    program = LINES + WRITTEN.replace("{body}", body.strip())
    for nth in range(1, 1000):
        number = STOPS[nth % len(STOPS)]
        line = [sys.executable, "-c", program, str(ROOT), str(nth), number, str(times)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=WITHIN)
        assert (done.returncode in (0, INTERRUPTED), "Traceback" in done.stderr) == (True, False), (nth, done)
        if "sent" not in done.stderr:
            return
    raise AssertionError("it never ended without a signal")


@pytest.mark.slow
def test_at_every_import() -> None:
    """Of every sixth; a signal that comes while a library in C is imported is none of its errors."""
    words = ("check", "--config", str(ROOT / "config" / "local.yaml"))
    known = subprocess.run(
        [sys.executable, "-X", "importtime", str(COMMAND), *words], capture_output=True, text=True, timeout=WITHIN
    )
    names = [line.rpartition("|")[2].strip() for line in known.stderr.splitlines() if line.startswith("import time:")]
    ours = names[names.index("deploy_lib.cli.process") + 1 :]
    assert len(ours) > 100
    for number, name in enumerate(ours[::6]):
        done = at("import", name, STOPS[number % len(STOPS)], *words)
        assert (done.returncode, "Traceback" in done.stderr) in ((INTERRUPTED, False), (0, False)), (name, done)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("check", "--config", "config/none.yaml"), 2),
        (("deploy", "--config", "config/local.yaml", "--service", "no-such-service", "--result", "{}"), 2),
        (("deploy", "--build-only"), 2),
    ],
)
def test_a_reader_who_has_left_changes_no_exit_code(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    """Of standard output and of standard error, as in `2>&1 | head -1`."""
    heard, told = os.pipe()
    os.close(heard)
    line = [sys.executable, str(COMMAND), *(word.format(tmp_path / "result.json") for word in words)]
    try:
        done = subprocess.run(line, cwd=ROOT, stdout=told, stderr=told, timeout=WITHIN)
    finally:
        os.close(told)
    assert done.returncode == code


def test_a_pipe_that_breaks_inside_a_command_is_no_success() -> None:
    words = ("check", "--config", str(ROOT / "config" / "local.yaml"))
    done = at("import", "deploy_lib.cli.check", "git went away", *words, does=BREAKS)
    assert (done.returncode, "git went away" in done.stderr) == (4, True), done
