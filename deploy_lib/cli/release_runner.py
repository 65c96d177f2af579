"""Carries one release of one service through its plan: journal, display, reports and webhook hang on each entry."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy_lib.cli.ground import ground_of
from deploy_lib.cli.identity import holder
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.paths import release_directory
from deploy_lib.cli.secrets import redactor_of
from deploy_lib.cli.session import Session
from deploy_lib.cli.show.display import Display
from deploy_lib.diagnose import diagnose
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.drivers.processes import with_process
from deploy_lib.journal import Journal
from deploy_lib.model import journal
from deploy_lib.model.answers import Attempt
from deploy_lib.model.evidence import Cause, Evidence
from deploy_lib.model.findings import Finding
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan
from deploy_lib.redact import Following, Redactor
from deploy_lib.release import Executor, run
from deploy_lib.release.executor import Others
from deploy_lib.release.final_message import last_seen
from deploy_lib.release.last_line import serving_now

OpenJournal = Callable[[Path], Journal]


@dataclass(slots=True)
class ReleaseRunner:
    """One service's release. `entries` is its whole journal so far, unmasked, as the run needs it.

    `unwritten` are entries that another machine's work left to be told of, and that this machine's journal lacks.
    """

    session: Session
    plan: Plan
    release: Release
    display: Display
    notifier: Notifier
    take_over: bool = False
    wait: float = 0.0
    entries: list[Entry] = field(default_factory=list)
    unwritten: list[Entry] = field(default_factory=list)
    open_journal: OpenJournal = Journal
    thread: int | None = None  # that carries it out

    def carry_out(self, others: Others) -> Stopped:
        """From the first step, or from where `entries` end, to the last line. Raises Interrupted."""
        self.thread, name = threading.get_ident(), self.plan.service.name
        mask = redactor_of(self.plan.service, self.notifier.webhook_env)
        lines = Following(mask)
        with self._journal(mask) as note:
            while self.unwritten:
                with suppress(OSError):  # the run finds the same with its own first entry
                    note(self.unwritten.pop(0))
            this = Executor(
                self.plan,
                self.session.drivers(self.plan),
                note,
                lambda text: self.display.line(name, lines.line(text)),
                self._diagnose,
                with_process(holder()),
                take_over=self.take_over,
                wait=self.wait,
                others=others,
            )
            try:
                stopped = run(this, self.release, list(self.entries))
            except Interrupted:
                self.display.entry(name, mask.value(self._half_way()))
                raise
        self.notifier.ended(self.plan, self.release.id, self.entries)
        return stopped

    def _half_way(self) -> Stopped:
        """The last word where a person would not wait for the traffic. The journal stays open for `resume`."""
        why = f"interrupted while the traffic was being put back; {self.plan.program.command('resume')} finishes it"
        services = self.session.services(self.plan)
        serving = serving_now(services, self.plan.service, last_seen(self.entries))
        return Stopped(self.session.clock.now(), Outcome.INTERRUPTED, why, serving)

    def _journal(self, mask: Redactor) -> _Noting:
        directory = release_directory(
            self.session.state, self.plan.service.project, self.plan.service.name, self.release.id
        )
        return _Noting(self, self.open_journal(directory), mask)

    def _diagnose(self, evidence: Evidence, findings: tuple[Finding, ...], release: Release) -> Cause:
        return diagnose(
            evidence,
            findings,
            self.plan.service,
            attempts_of(self.entries),
            ground_of(self.session, self.plan, release),
        )


@dataclass(slots=True)
class _Noting:
    """Writes entries down, masked, before anyone is told of them; closes the file at the end of the block."""

    runner: ReleaseRunner
    file: Journal
    mask: Redactor

    def __enter__(self) -> Callable[[Entry], None]:
        return self._note

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def _note(self, entry: Entry) -> None:
        runner = self.runner
        masked = self.mask.value(entry)
        failed: OSError | None = None
        try:
            self.file.append(masked)
        except OSError as problem:
            if isinstance(entry, journal.Asked):  # it will not be done, so it is not told either
                raise
            failed = problem
        runner.entries.append(entry)
        runner.display.entry(runner.plan.service.name, masked)
        runner.notifier.entry(runner.plan, masked)
        if failed is not None:
            raise failed


def on_this_plan(entries: Sequence[Entry], plan: Plan) -> list[Entry]:
    """The entries of a journal with the service as the configuration has it now: the journal holds it masked."""
    return [
        replace(entry, release=replace(entry.release, service=plan.service))
        if isinstance(entry, journal.Started | journal.LeaseHeld | journal.Adopted | journal.Judged)
        else entry
        for entry in entries
    ]


def attempts_of(entries: Sequence[Entry]) -> tuple[Attempt, ...]:
    """The single requests to the candidate that were made last."""
    judged = (entry for entry in reversed(entries) if isinstance(entry, journal.Judged) and entry.details)
    made = (entry.details.requests_made() for entry in judged if entry.details)
    return next((attempts for attempts in made if attempts), ())
