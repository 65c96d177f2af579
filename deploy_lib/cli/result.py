"""How a command ended, for what runs it: one JSON file (--result), and outputs and summary of a GitHub Actions step.

The file is there from the command's first moment, as unfinished: so is what is found after a kill. Outputs are written
once, at the end. None of it changes how a release ends; what cannot be written is told on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from deploy_lib.cli.called import NAME
from deploy_lib.cli.paths import given_path
from deploy_lib.cli.show.console import say_error
from deploy_lib.drivers.whole_file import write_whole
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import MOST_URGENT_FIRST, Outcome
from deploy_lib.printable import Printable

if TYPE_CHECKING:
    from deploy_lib.model.journal import Entry

COMMANDS = ("deploy", "resume", "rollback")
UNFINISHED, USAGE, DONE = "unfinished", "usage", "done"
"""Outcomes of a command beside those of a release: it was killed; refused with exit code 2; it released nothing."""


@dataclass(slots=True)
class ServiceResult:
    """What is known of one service's release. `revision` is the one that it made; `serving` is what users meet."""

    outcome: str = UNFINISHED
    exit_code: int | None = None
    reason: str = ""
    release: str = ""
    commit: str = ""
    image: str = ""
    revision: str = ""
    url: str = ""
    candidate_url: str = ""
    serving: str = ""
    report: str = ""  # path of the HTML report
    next: list[str] = field(default_factory=list)  # commands to choose from


TEXTS = ("reason", "release", "commit", "image", "revision", "url", "candidate_url", "serving", "report")
"""Of several services each is one text too: a line for each that has it, "service: value"."""


@dataclass(slots=True)
class CommandResult:
    """Safe to share between threads. `file` is None where no file was asked for."""

    command: str
    file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    services: dict[str, ServiceResult] = field(default_factory=dict)
    exit_code: int | None = None
    error: str = ""
    _lock: Lock = field(default_factory=Lock)

    def begin(self, services: Sequence[str] = ()) -> None:
        """The file says from now on that the command did not finish. Raises NotPossible where it cannot be written."""
        with self._lock:
            self.services = {name: ServiceResult() for name in services}
            try:
                self._write_file()
            except OSError as problem:
                raise NotPossible(
                    f"--result {self.file}: {problem.strerror}; name a file that can be written"
                ) from None

    def entry(self, service: str, entry: Entry) -> None:
        """What is masked already."""
        from deploy_lib.model.journal import Adopted, Judged, LeaseHeld, Started, Stopped

        with self._lock:
            known = self.services.setdefault(service, ServiceResult())
            if isinstance(entry, Started | LeaseHeld | Adopted | Judged):
                release = entry.release
                known.release, known.commit = release.id, release.commit
                known.image, known.revision = release.image or "", release.candidate or ""
                known.url, known.candidate_url = release.url or "", release.candidate_url or ""
            elif isinstance(entry, Stopped):
                known.outcome, known.exit_code = entry.outcome.value, entry.outcome.exit_code
                known.reason, known.serving, known.next = entry.reason, entry.serving, list(entry.next_commands)
            else:
                return
            self._attempt(self._write_file)

    def report(self, service: str, path: Path) -> None:
        """Where the report of its release was written."""
        with self._lock:
            self.services.setdefault(service, ServiceResult()).report = str(path.absolute())
            self._attempt(self._write_file)

    def end(self, code: int, error: str = "") -> None:
        """All is known; only the first time counts."""
        with self._lock:
            if self.exit_code is not None:
                return
            self.exit_code, self.error = code, Printable().text(error)
            self._attempt(self._write_file)
            self._attempt(self._append_outputs)
            self._attempt(self._append_summary)

    def cut_short(self) -> None:
        """The process is ended in a moment, by a second signal, whatever it is at."""
        self.end(Outcome.INTERRUPTED.exit_code, "stopped at once by a second signal; the next run repairs what is left")

    @property
    def outcome(self) -> str:
        """That of the release that decided the exit code."""
        if self.exit_code is None:
            return UNFINISHED
        named = {each.outcome for each in self.services.values()}
        fitting = [each.value for each in MOST_URGENT_FIRST if each.exit_code == self.exit_code]
        told = next((value for value in fitting if value in named), None)
        if told is None and self.exit_code == 0:
            return UNFINISHED if self.services else DONE
        return told or next(iter(fitting), USAGE)

    def document(self) -> dict[str, object]:
        """As it stands in the file."""
        return {
            "command": self.command,
            "finished": self.exit_code is not None,
            "exit_code": self.exit_code,
            "outcome": self.outcome,
            "error": self.error,
            **{name: self._text(name) for name in TEXTS},
            "services": {name: asdict(each) for name, each in self.services.items()},
        }

    def _text(self, name: str) -> str:
        found = {service: str(getattr(each, name)) for service, each in self.services.items()}
        if len(found) == 1:
            return next(iter(found.values()))
        return "\n".join(f"{service}: {value}" for service, value in found.items() if value)

    def _write_file(self) -> None:
        if self.file is not None:
            if self.file.exists() and not self.file.is_file():
                raise OSError(0, "is not a file")
            write_whole(self.file, json.dumps(self.document(), indent=2) + "\n")

    def _append_outputs(self) -> None:
        """https://docs.github.com/actions/reference/workflow-commands-for-github-actions, "Multiline strings"."""
        document = {name: value for name, value in self.document().items() if name != "finished"}
        lines = []
        for name, value in document.items():
            text = value if isinstance(value, str) else json.dumps(value)
            end = f"end-{uuid.uuid4().hex}"
            lines += [f"{name}<<{end}", text, end]
        self._append("GITHUB_OUTPUT", "\n".join(lines) + "\n")

    def _append_summary(self) -> None:
        """What no report of a release has put there."""
        silent = {name: each for name, each in self.services.items() if not each.report}
        if self.exit_code == 0 or (self.services and not silent):
            return
        lines = [f"### {self.command}: {self.outcome} (exit code {self.exit_code})", ""]
        told = [self.error, *(f"{name}: {each.reason}" for name, each in silent.items() if each.reason)]
        told += [f"{name}: serving {each.serving}" for name, each in silent.items() if each.serving]
        lines += [f"    {line}" for text in told for line in text.splitlines()]
        self._append("GITHUB_STEP_SUMMARY", "\n".join(lines) + "\n\n")

    def _append(self, variable: str, text: str) -> None:
        if path := self.environment.get(variable):
            with open(path, "a", encoding="utf-8", errors="replace") as out:
                out.write(text)

    def _attempt(self, effect: Callable[[], None]) -> None:
        try:
            effect()
        except OSError as problem:
            say_error(f"{NAME}: the result was not written: {problem}")


def result_of(args: argparse.Namespace) -> CommandResult:
    """Of a command that has --result."""
    return CommandResult(args.command, given_path(args.result) if args.result else None)


def tell_misuse(argv: Sequence[str], message: str) -> None:
    """The result of a command line that could not be read, or whose packages could not be installed."""
    command = next(iter(argv), "")
    if command not in COMMANDS and not command.startswith("-"):
        return
    asked = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    asked.add_argument("--result")
    try:
        file = asked.parse_known_args(list(argv))[0].result
        path = given_path(file) if file else None
    except (argparse.ArgumentError, NotPossible):
        path = None
    name = command if command in COMMANDS else COMMANDS[0]
    CommandResult(name, path).end(2, message)
