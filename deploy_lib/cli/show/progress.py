"""What the live table knows of each service, gathered from its journal entries and lines of progress. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import assert_never

from deploy_lib.model import journal
from deploy_lib.model.entry_words import sentence
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.release import Status

# An installer's or a compiler's remarks; a row has room for one line, and that is for how far its step has come.
_REMARK = re.compile(r"\b(?:warn(?:ing)?|notice|deprecat\w*|debconf|hint)\b", re.IGNORECASE)


@dataclass(slots=True)
class Row:
    """One step. `began` and `now` of other methods are seconds of a monotonic clock."""

    label: str
    status: Status | None = None
    reason: str = ""
    began: float | None = None
    seconds: float | None = None

    @property
    def running(self) -> bool:
        return self.began is not None and self.status is None

    def took(self, now: float) -> float | None:
        return now - self.began if self.running and self.began is not None else self.seconds


@dataclass(slots=True)
class Progress:
    """One service. `progress` is the last line of it that says how far it has come."""

    name: str
    title: str = ""
    rows: list[Row] = field(default_factory=list)
    progress: str = ""
    began: float = 0.0
    ended: float = 0.0
    stopped: Stopped | None = None

    @property
    def running(self) -> bool:
        return bool(self.title) and self.stopped is None

    @property
    def row(self) -> Row | None:
        return next((row for row in self.rows if row.running), None)

    def line(self, text: str) -> None:
        if self.running and text.strip() and not _REMARK.search(text):
            self.progress = " ".join(text.split())

    def entry(self, entry: Entry, now: float) -> None:
        match entry:
            case journal.Started():
                self._start(entry, now)
            case journal.Asked():
                row = self.rows[entry.step]
                row.began, row.status, row.seconds, self.progress = now, None, None, ""
            case journal.Judged():
                row = self.rows[entry.step]
                row.status, row.reason, row.seconds, self.progress = entry.status, entry.reason, entry.seconds, ""
            case (
                journal.RestoreAsked()
                | journal.RestoreAnswered()
                | journal.TakeBackAsked()
                | journal.TakenBack()
                | journal.ReleaseInterrupted()
                | journal.Withdrawn()
            ):
                self._set_aside(sentence(entry)[0])
            case journal.LeaseRefused():
                self._set_aside(entry.reason)
            case journal.Stopped():
                self._set_aside("")
                self.stopped, self.ended = entry, now
            case journal.LeaseHeld() | journal.Adopted() | journal.Diagnosed() | journal.GoingBack():
                pass
            case _:
                assert_never(entry)

    def _start(self, entry: journal.Started, now: float) -> None:
        self.title = f"{self.name}  {entry.release.commit[:7]}  release {entry.release.id}"
        self.began, self.stopped = now, None
        if [row.label for row in self.rows] != list(entry.steps):
            self.rows = [Row(label) for label in entry.steps]

    def _set_aside(self, progress: str) -> None:
        """No step runs any more; what is shown now is about the service."""
        self.progress = progress
        row = self.row
        if row is not None:
            row.began = None
