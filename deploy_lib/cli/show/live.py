"""A live table of steps at a terminal: state, elapsed time, reason; findings and endings stay on the screen below."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deploy_lib.cli.show.words import MARKS, cause_lines, finding_lines
from deploy_lib.model import journal
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Status

_STYLES = {
    Status.PASSED: "green",
    Status.FAILED: "bold red",
    Status.ERRORED: "bold yellow",
    Status.INCONCLUSIVE: "yellow",
    Status.SKIPPED: "dim",
}
_TONES = {"good": "bold green", "bad": "bold red", "unsure": "bold yellow"}


@dataclass(slots=True)
class _Row:
    label: str
    status: Status | None = None
    reason: str = ""
    began: float | None = None
    seconds: float | None = None


@dataclass(slots=True)
class _Service:
    title: str = ""
    rows: list[_Row] = field(default_factory=list)
    progress: str = ""


class Live:
    """One table per service; rich redraws it four times a second."""

    def __init__(self, services: tuple[str, ...]) -> None:
        self._services = {name: _Service() for name in services}
        self._lock = threading.RLock()
        self._console = Console(highlight=False)
        self._live = RichLive(self, console=self._console, refresh_per_second=4, transient=False)
        self._live.start()

    def __rich__(self) -> Group:
        with self._lock:
            return Group(*(self._table(name, service) for name, service in self._services.items() if service.rows))

    def entry(self, service: str, entry: Entry) -> None:
        with self._lock:
            self._take(service, entry)

    def line(self, service: str, text: str) -> None:
        with self._lock:
            self._services[service].progress = text

    def close(self) -> None:
        self._live.stop()

    def _take(self, name: str, entry: Entry) -> None:
        shown = self._services[name]
        match entry:
            case journal.Started():
                shown.title = f"{name}  {entry.release.commit[:7]}  release {entry.release.id}"
                shown.rows = [_Row(label) for label in entry.steps]
            case journal.Asked():
                row = shown.rows[entry.step]
                row.began, row.status, row.seconds, shown.progress = time.monotonic(), None, None, ""
            case journal.Judged():
                row = shown.rows[entry.step]
                row.status, row.reason, row.seconds, shown.progress = entry.status, entry.reason, entry.seconds, ""
                self._below(finding_lines(entry.findings, all_of_them=entry.status is Status.FAILED))
            case journal.RestoreAsked():
                shown.progress = f"restoring the traffic: {entry.target}"
            case journal.RestoreAnswered():
                shown.progress = f"restored: {entry.now}" if entry.whole else f"restoring failed: {entry.reason}"
            case journal.Interrupted():
                shown.progress = "stopping; the traffic is put back first if it moved (again to stop at once)"
            case journal.Withdrawn():
                shown.progress = f"taken back: {entry.why}"
            case journal.LeaseRefused():
                shown.progress = entry.reason
            case journal.Diagnosed():
                self._below(cause_lines(entry.cause))
            case journal.Stopped():
                shown.progress = ""
                self._ending(name, entry)

    def _below(self, lines: Iterable[str]) -> None:
        for text in lines:
            self._console.print(escape(text), style="dim" if text.startswith("  |") else None)

    def _ending(self, name: str, entry: journal.Stopped) -> None:
        style = _TONES[entry.outcome.words.tone]
        prefix = f"{name}: " if len(self._services) > 1 else ""
        self._console.print(f"[{style}]{prefix}{entry.outcome.words.mark}[/]: {escape(entry.reason)}")
        self._below(f"  {command}" for command in entry.next_commands)
        self._console.print(f"{prefix}serving: {escape(entry.serving)}")

    def _table(self, name: str, service: _Service) -> Table:
        table = Table(title=escape(service.title), title_justify="left", box=None, pad_edge=False, expand=True)
        table.add_column("step", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("", ratio=1, overflow="fold")
        for row in service.rows:
            running = row.began is not None and row.status is None
            if row.status is not None:
                mark = Text(MARKS[row.status], style=_STYLES[row.status])
            else:
                mark = Text("running" if running else "", style="cyan")
            seconds = row.seconds
            if running and row.began is not None:
                seconds = time.monotonic() - row.began
            reason = service.progress if running else row.reason
            table.add_row(row.label, mark, "" if seconds is None else f"{seconds:.1f} s", escape(reason))
        return table
