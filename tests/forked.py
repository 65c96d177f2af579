"""Commands in processes that are forked from one that has imported the tool and opened nothing.

To import what a release needs takes more than a second of the processor, which is longer than the release itself. So a
story that needs a process of its own, and nothing of how Python starts it, is told with these:

    run(words, variables=...)          the command with these arguments, from the first line of its script to its end
    paste(line, cwd=..., ...)          a line for a shell, as a person pastes it

What a real start looks like is told where signals, terminals, environments and vendored copies are the story.
"""

from __future__ import annotations

import io
import os
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.waits import WITHIN

COMMAND = Path(__file__).resolve().parents[1] / "scripts" / "deploy_to_gcp.py"
_IMPORTED = (
    "deploy_lib.cli.check.command",
    "deploy_lib.cli.deploy",
    "deploy_lib.cli.history",
    "deploy_lib.cli.resume",
    "deploy_lib.cli.rollback",
    "deploy_lib.cli.status",
    "deploy_lib.config",
    "google.cloud.run_v2",
    "google.cloud.devtools.cloudbuild_v1",
    "google.cloud.logging_v2.services.logging_service_v2",
    "google.cloud.storage",
    "tenacity",
    "tests.hostile.forked",
    "tests.rehearsal.kill_harness",
    __name__,
)


def begin(play: Callable[..., object], *given: Any) -> BaseProcess:
    """A process that does this and ends."""
    context = get_context("forkserver")
    context.set_forkserver_preload([*_IMPORTED])
    process = context.Process(target=play, args=given)
    process.start()
    return process


def run(
    words: Sequence[str], *, variables: Mapping[str, str], cwd: Path | None = None, merged: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """`variables` are its whole environment; `merged` puts what it says on standard error into `stdout`."""
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "out" if merged else "err")
        process = begin(_play, [*words], dict(variables), cwd or Path.cwd(), out, err)
        process.join(WITHIN)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise AssertionError(f"{shlex.join(words)} did not end within {WITHIN} s: {_read(err)!r}")
        return subprocess.CompletedProcess([*words], process.exitcode, _read(out), b"" if merged else _read(err))


def paste(line: str, *, variables: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """A shell says what the words are; a line that is more than one call of the command is the shell's alone."""
    words = _words(line, variables, cwd)
    if words is not None:
        done = run(words, variables=variables, cwd=cwd)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    return _shell(line, variables, cwd)


def _words(line: str, variables: Mapping[str, str], cwd: Path) -> list[str] | None:
    """The arguments of the command, where the line is one call of it in this environment."""
    tokens = shlex.shlex(line, posix=True, punctuation_chars=True)
    tokens.whitespace_split = True
    if any(set(token) <= set("();<>|&") for token in tokens):
        return None
    program, script, *words = [*_shell(f"printf '%s\\0' {line}", variables, cwd).stdout.split("\0")[:-1], "", ""]
    found = shutil.which(program, path=variables.get("PATH"))
    return words[:-2] if found == sys.executable and script == str(COMMAND) else None


def _shell(line: str, variables: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line], cwd=cwd, env=variables, capture_output=True, text=True, timeout=WITHIN,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def _play(words: list[str], variables: dict[str, str], cwd: Path, out: Path, err: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(cwd)
    for number, path in ((0, Path(os.devnull)), (1, out), (2, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", write_through=True)
    sys.argv = [str(COMMAND), *words]
    runpy.run_path(str(COMMAND), run_name="__main__")


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
