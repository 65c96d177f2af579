"""Runs the docker or podman command, and turns its failures into EngineError.

Values that may be secret reach it through its environment, never through its command line, which every user of
the machine can read.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..model import EngineError

_PATIENCE = 600.0  # seconds for any one command that is not a build or a container
_LOGGED = re.compile(r'time="[^"]*" level=')
_BEFORE = re.compile(r"(?:docker: )?(?:Error: )?(?:Error response from daemon: )?")


@dataclass(frozen=True, slots=True)
class Commands:
    """`env` is the whole environment of the command, `directory` where it works: podman leaves files there."""

    name: str
    program: str
    env: Mapping[str, str]
    directory: Path | None = None

    def run(self, *args: str) -> str:
        """What it printed. EngineError with its own last line when it fails."""
        done = self.attempt(*args)
        if done.returncode:
            raise EngineError(f"{self.name} {args[0]} failed: {last_line(done.stderr)}", output=done.stderr)
        return done.stdout

    def attempt(self, *args: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self.program, *args],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_PATIENCE,
                check=False,
                env=self.env,
                cwd=self.directory,
            )
        except subprocess.TimeoutExpired:
            raise EngineError(f"{self.name} {args[0]} did not answer within {_PATIENCE:.0f} s") from None
        except OSError as error:
            raise EngineError(f"{self.program} cannot be run: {error.strerror}") from None

    def start(
        self,
        *args: str,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int = subprocess.PIPE,
        values: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """In a session of its own, so Ctrl-C in a terminal reaches the caller only, who then decides."""
        try:
            return subprocess.Popen(
                [self.program, *args],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
                env={**self.env, **(values or {})},
                cwd=self.directory,
            )
        except OSError as error:
            raise EngineError(f"{self.program} cannot be run: {error.strerror}") from None

    def pass_values(self, flag: str, values: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        """`flag NAME` for each, and the environment that gives the values; both commands read a bare name so.

        A name the command itself reads keeps its value there and is written out instead.
        """
        through = {name: value for name, value in values.items() if self.env.get(name, value) == value}
        written = [f"{name}={value}" for name, value in values.items() if name not in through]
        return [word for item in (*through, *written) for word in (flag, item)], through


def last_line(text: str) -> str:
    """The last line that says something: of the command's own log only when there is nothing else.

    That log ('time="..." level=error msg="error waiting for container: context canceled"') is written beside the
    daemon's answer, now before it and now after it.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("Run '")]
    said = [line for line in lines if not _LOGGED.match(line)] or lines or ["it printed no error"]
    return _BEFORE.sub("", said[-1], count=1)
