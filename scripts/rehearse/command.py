"""The tool under rehearsal, run as a user runs it: as a process, its events read one line at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = dict[str, Any]
COMMAND = Path(__file__).resolve().parents[1] / "deploy_to_gcp.py"


class Unexpected(Exception):
    """The tool did not do what the rehearsal counts on; the message holds what it printed."""


@dataclass(slots=True)
class Run:
    """One release: every event, in order, and how the command ended. `seconds` is of the whole command."""

    events: list[Event] = field(default_factory=list)
    code: int = -1
    seconds: float = 0.0
    errors: str = ""

    def of_type(self, name: str) -> list[Event]:
        return [event for event in self.events if event.get("type") == name]

    @property
    def stopped_by(self) -> str | None:
        """The label of the first step that did not pass; None when all did."""
        for event in self.of_type("judged"):
            if event["status"] not in ("passed", "skipped"):
                return str(event["label"])
        return None

    @property
    def release(self) -> Event:
        """The facts of the release as last written; raises Unexpected when there are none."""
        for event in reversed(self.events):
            if "release" in event:
                return dict(event["release"])
        raise Unexpected(
            f"the command wrote no event about its release: {self.errors.strip() or 'it printed no error'}"
        )


@dataclass(frozen=True, slots=True)
class Command:
    """The command with its state kept in one directory, journals and local cloud alike.

    `options` are more of those with which the local cloud is started.
    """

    state: Path
    engine: str | None = None
    options: tuple[str, ...] = ()

    @contextmanager
    def local_cloud(self) -> Iterator[str]:
        """The local cloud for as long as the block runs; gives what `local up` said."""
        words = ["--engine", self.engine, *self.options] if self.engine else self.options
        try:
            yield self.ask("local", "up", "--state", str(self.state), *words)
        finally:
            self._run("local", "down", "--state", str(self.state))

    def ask(self, *words: str) -> str:
        """A command's standard output. Raises Unexpected with its words when it fails."""
        done = self._run(*words)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise Unexpected(f"{COMMAND.name} {' '.join(words)} ended with {done.returncode}: {said}")
        return done.stdout

    def release(
        self, config: Path, repository: Path, seen: Callable[[Event], None], command: Sequence[str] = ("deploy",)
    ) -> Run:
        """Deploys, or rolls back, and hands each event to `seen` as it comes."""
        run = Run()
        begun = time.monotonic()
        errors = self.state / "errors.txt"
        words = [*command, "--config", str(config), "--repo", str(repository), "--service", "backend"]
        with errors.open("w+", encoding="utf-8") as said:
            line = self._command(*words, "--state", str(self.state), "--output", "json")
            with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=said, text=True, env=_environment()) as process:
                assert process.stdout is not None
                for event in _events(process.stdout):
                    run.events.append(event)
                    seen(event)
            said.seek(0)
            run.errors = said.read()
        run.code, run.seconds = process.returncode, time.monotonic() - begun
        return run

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._command(*words), capture_output=True, text=True, env=_environment())

    def _command(self, *words: str) -> Sequence[str]:
        return [sys.executable, str(COMMAND), *words]


def _events(lines: Iterable[str]) -> Iterator[Event]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            raise Unexpected(f"this line is not a JSON event: {line.rstrip()[:300]!r}") from None
        if isinstance(event, dict):
            yield event


def _environment() -> dict[str, str]:
    """Without what a CI job's variables would change in the output."""
    dropped = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in dropped}
