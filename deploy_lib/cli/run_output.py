"""Where the entries and lines of a release or a rollback go: its journal on the disk, the display, and whoever is told.

All of it is masked. What is handed on as it is stays with the run, which needs it so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.paths import release_directory
from deploy_lib.cli.secrets import redactor_of
from deploy_lib.cli.show.display import Display
from deploy_lib.journal import Journal
from deploy_lib.model.journal import Asked, Entry
from deploy_lib.plan import Plan
from deploy_lib.redact import Following, Redactor

OpenJournal = Callable[[Path], Journal]


@dataclass(frozen=True, slots=True)
class RunOutput:
    plan: Plan
    display: Display
    notifier: Notifier
    file: Journal
    mask: Redactor
    lines: Following

    def note(self, entry: Entry) -> None:
        """Writes the entry down before anyone is told of it.

        Raises OSError when it cannot be written; it is told all the same, unless it asks for what will now not be done.
        """
        masked = self.mask.value(entry)
        failed: OSError | None = None
        try:
            self.file.append(masked)
        except OSError as problem:
            if isinstance(entry, Asked):
                raise
            failed = problem
        self.display.entry(self.plan.service.label, masked)
        self.notifier.entry(self.plan, masked)
        if failed is not None:
            raise failed

    def tell(self, text: str) -> None:
        """One line of progress."""
        self.display.line(self.plan.service.label, self.lines.line(text))

    def show(self, entry: Entry) -> None:
        """Shows what the journal must not have: it stays open."""
        masked = self.mask.value(entry)
        self.display.entry(self.plan.service.label, masked)
        self.notifier.shown(self.plan, masked)


@contextmanager
def run_output(
    state: Path,
    plan: Plan,
    release_id: str,
    display: Display,
    notifier: Notifier,
    open_journal: OpenJournal = Journal,
) -> Iterator[RunOutput]:
    """The journal is open, and locked, while the block runs. Raises OSError when it cannot be opened."""
    service = plan.service
    mask = redactor_of(service, notifier.variables)
    file = open_journal(release_directory(state, service.project, service.name, release_id))
    try:
        yield RunOutput(plan, display, notifier, file, mask, Following(mask))
    finally:
        file.close()
