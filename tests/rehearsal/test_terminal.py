"""The real command at a real terminal, and into pipes that nobody reads: it ends as it should, and soon."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.screen import Terminal, terminal
from tests.forked import COMMAND
from tests.rehearsal.cli_harness import WHOLE, CliHarness
from tests.rehearsal.other_client import OtherClient
from tests.waits import WITHIN, until

REJECTED = ({"image_contents": None}, *WHOLE)
BAKING = (*WHOLE[:3], {"promote": {"percent": 10, "bake": "5m"}}, {"promote": {"percent": 100}}, WHOLE[-1])


@contextlib.contextmanager
def deploy(harness: CliHarness, config: Path, out: int, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    line = [sys.executable, str(COMMAND), "deploy", "--config", str(config), "--repo", str(harness.repository)]
    line += ["--service", "backend", "--state", str(harness.state)]
    environment = {**os.environ, **harness.variables, "TERM": "xterm", **more}
    process = subprocess.Popen(
        line, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def until_shown(shown: Terminal, text: str) -> None:
    until(lambda: text in shown.written.decode(errors="replace"))


def _ended(process: subprocess.Popen[bytes], number: int) -> bool:
    """Asks again and again: of two equal signals that wait to be taken, the system keeps one."""
    if process.poll() is None:
        process.send_signal(number)
    return process.poll() is not None


def test_good_and_rejected_releases_end_at_a_terminal(harness: CliHarness) -> None:
    with terminal(60, 20) as shown, deploy(harness, harness.config(WHOLE), shown.out.fileno()) as process:
        assert process.wait(WITHIN) == 0
        lines = shown.screen(60, 20).whole
    assert "serving: " in "".join(lines[-2:]) and "LIVE" in "".join(lines[-6:])
    harness.write("app/main.py", "import app.nothing\n")
    harness.commit()
    with terminal(80, 24) as shown, deploy(harness, harness.config(REJECTED), shown.out.fileno()) as process:
        assert process.wait(WITHIN) == 1
        lines = shown.screen(80, 24).whole
    assert "serving: " in "".join(lines[-2:])


def test_ctrl_c_is_answered_at_once_and_restores(harness: CliHarness) -> None:
    assert harness.release(harness.config(WHOLE)).code == 0
    old = harness.now
    config = harness.config(BAKING, {"n": 1})
    with terminal(60, 20) as shown, deploy(harness, config, shown.out.fileno()) as process:
        until_shown(shown, "running")
        until_shown(shown, "promote 10 %")
        until(lambda: harness.now != old)
        process.send_signal(signal.SIGINT)
        until_shown(shown, "SIGINT: stopping")
        assert process.wait(WITHIN) == 130
    assert harness.now == old
    assert OtherClient(harness).lease() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_second_signal_ends_it_though_nobody_reads(harness: CliHarness, number: int) -> None:
    """The screen takes nothing, and the cloud does not answer."""
    assert harness.release(harness.config(WHOLE)).code == 0
    old = harness.now
    config = harness.config(BAKING, {"n": 1})
    with terminal(reading=False) as shown, deploy(harness, config, shown.out.fileno()) as process:
        until(lambda: harness.now != old)
        harness.cloud.faults({"method": "google.cloud.run.v2.Services/UpdateService", "delay": 120.0, "times": 0})
        began = time.monotonic()
        until(lambda: _ended(process, number))
        assert (process.returncode, time.monotonic() - began < 100) == (130, True)
    harness.cloud.clear_faults()


@pytest.mark.parametrize("reader", ["gone", "stopped"])
def test_a_pipe_that_nobody_reads_holds_no_release_up(harness: CliHarness, reader: str) -> None:
    dockerfile = (harness.repository / "Dockerfile").read_text()
    many = "RUN python -c \"[print('y' * 70) for _ in range(3000)]\""
    harness.write("Dockerfile", dockerfile.replace("\nCMD", f"\n{many}\nCMD"))
    harness.commit()
    heard, told = os.pipe()
    with deploy(harness, harness.config(WHOLE), told) as process:
        os.close(told)
        if reader == "gone":
            os.close(heard)
        assert process.wait(WITHIN) == 0
    if reader == "stopped":
        os.close(heard)
    assert [*harness.now.values()] == [100]
    assert OtherClient(harness).lease() is None
