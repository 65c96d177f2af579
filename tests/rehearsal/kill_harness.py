"""The command as a process that dies by kill -9 at one entry of its journal: before it is written, or right after.

Only the journal knows where its entries are, so it is the journal that kills.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from deploy_lib.cli.arguments import parse
from deploy_lib.cli.main import COMMAND_MODULES
from deploy_lib.journal import Journal
from deploy_lib.model.journal import Entry
from tests.forked import begin
from tests.waits import WITHIN


@dataclass(frozen=True, slots=True)
class Moment:
    """Entry number `entry` (the first is 0) of the run, and whether it is on the disk when the process dies."""

    entry: int
    after: bool = False

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} entry {self.entry}"


class KillingJournal(Journal):
    def __init__(self, directory: Path, moment: Moment) -> None:
        super().__init__(directory)
        self._moment = moment
        self._written = 0

    def append(self, entry: Entry) -> None:
        due = self._written == self._moment.entry
        if due and not self._moment.after:
            os.kill(os.getpid(), signal.SIGKILL)
        super().append(entry)
        if due:
            os.kill(os.getpid(), signal.SIGKILL)
        self._written += 1


def die(words: Sequence[str], variables: Mapping[str, str], moment: Moment, said: Path) -> int | None:
    """The exit code of the command, -9 where it met its end; what it said is in the file `said`."""
    process = begin(_play, [*words], dict(variables), moment, said)
    process.join(WITHIN)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"the command did not end within {WITHIN} s: {said.read_text()}")
    return process.exitcode


def _play(words: list[str], variables: dict[str, str], moment: Moment, said: Path) -> None:
    os.environ.update(variables)
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    args = parse(words)
    main = import_module(COMMAND_MODULES[args.command]).main
    sys.exit(main(args, open_journal=lambda directory: KillingJournal(directory, moment)))
