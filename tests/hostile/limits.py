"""Runs the real command in a process of its own that may use so much time and memory and no more."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "scripts" / "deploy_to_gcp.py"
SECONDS = 5.0
"""Of the processor, so that a busy machine does not matter."""
MEGABYTES = 400
PATIENCE = 120
"""Seconds on the clock after which a command counts as hanging; no good run comes near it on any machine."""
EXIT_CODES = frozenset({0, 1, 2, 3, 4, 5, 130})


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind. `seconds` are of the processor, `megabytes` the most it and its helpers held."""

    code: int
    out: str
    err: str
    seconds: float
    megabytes: float

    @property
    def said(self) -> str:
        return self.err + self.out


def run(*words: str, cwd: Path, variables: Mapping[str, str] | None = None, given: bytes = b"") -> Ran:
    """The command with nothing of the person's own environment. Fails where it hangs."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, str(COMMAND), *words],
            cwd=cwd,
            env={**environment, **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            preexec_fn=_limited,
        )
        assert process.stdin is not None
        try:
            process.stdin.write(given)
            process.stdin.close()
        except BrokenPipeError:
            pass
        status, used = _waited(process, began + PATIENCE)
        out.seek(0)
        err.seek(0)
        return Ran(
            os.waitstatus_to_exitcode(status),
            out.read().decode("utf-8", "backslashreplace"),
            err.read().decode("utf-8", "backslashreplace"),
            used.ru_utime + used.ru_stime,
            used.ru_maxrss / 1024,
        )


def _limited() -> None:
    """Far above what is allowed, so that a fault ends as a failed test and not as a machine without memory."""
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


def _waited(process: subprocess.Popen[bytes], until: float) -> tuple[int, resource.struct_rusage]:
    pause = 0.005
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return status, used
        if time.monotonic() > until:
            process.kill()
            os.wait4(process.pid, 0)
            process.returncode = -9
            raise AssertionError(f"still running after {PATIENCE} s: {process.args}")
        time.sleep(pause)
        pause = min(pause * 2, 0.1)


def faults(ran: Ran) -> list[str]:
    """Which of the promises that hold for every command line and every input were not kept; none when all were."""
    found = []
    if ran.code not in EXIT_CODES:
        found.append(f"exit code {ran.code}")
    if "Traceback (most recent call last)" in ran.said:
        found.append("a traceback")
    if "fault of this tool" in ran.said:
        found.append("a fault of this tool")
    if ran.code not in (0, 130) and not ran.said.strip():
        found.append("no word of what is wrong")
    if ran.seconds > SECONDS:
        found.append(f"{ran.seconds:.1f} s of processor time")
    if ran.megabytes > MEGABYTES:
        found.append(f"{ran.megabytes:.0f} MB")
    return found
