"""Plain timestamped lines, for logs and for eyes that read top to bottom.

A step is one line, with its verdict. How far it has come is told only of one that takes long, and ever more rarely, so
that a log shows that something moves and still is short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy_lib.cli.show.entry_lines import answer_to
from deploy_lib.cli.show.printer import Printer
from deploy_lib.cli.show.said_once import SaidOnce
from deploy_lib.model.journal import (
    Asked,
    Entry,
    Judged,
    RestoreAnswered,
    RestoreAsked,
    Started,
    Stopped,
    TakeBackAsked,
    TakenBack,
)
from deploy_lib.model.program import PROGRAM
from deploy_lib.printable import shown
from deploy_lib.steps.kind import format_duration

LONG = 30.0  # seconds after which a step says how far it has come
RARER = 4  # then after four times as long, and so on


@dataclass(slots=True)
class _Under:
    """What a service is doing, and when it is next to say how far it has come."""

    label: str
    began: datetime
    due: float = LONG


class Plain:
    """Where there are several services, a column names them. `now` is the time of day, in UTC."""

    def __init__(
        self, printer: Printer, services: tuple[str, ...], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._printer = printer
        self._said = SaidOnce()
        self._under: dict[str, _Under] = {}
        self._typed: dict[str, str] = {}
        self._now = now
        self._width = max((len(name) for name in services), default=0) if len(services) > 1 else 0

    def entry(self, service: str, entry: Entry) -> None:
        match entry:
            case Started():
                self._typed[service] = (entry.program or PROGRAM).typed
            case Asked():
                self._under[service] = _Under(entry.label, self._now())
            case RestoreAsked():
                self._under[service] = _Under("restoring the traffic", self._now())
            case TakeBackAsked():
                self._under[service] = _Under(f"taking back {entry.label}", self._now())
            case Judged() | RestoreAnswered() | TakenBack() | Stopped():
                self._under.pop(service, None)
        lines = list(self._said.lines(service, entry))
        ending = isinstance(entry, Stopped)
        for index, text in enumerate(lines):
            bare = ending and index == len(lines) - 1 and not self._width
            self._write(service, text, stamp=not bare, last=ending)

    def line(self, service: str, text: str) -> None:
        """Progress: of a step it is told when it is due; what goes on between the steps is always told.

        So is what has a command in it: somebody is to type that.
        """
        under = self._under.get(service)
        if under is None:
            self._write(service, f"  {text}", progress=True)
            return
        if f"{self._typed.get(service, PROGRAM.typed)} " in text:
            self._write(service, f"{under.label}: {text.strip()}")
            return
        seconds = (self._now() - under.began).total_seconds()
        if seconds >= under.due:
            while under.due <= seconds:
                under.due *= RARER
            self._write(service, f"{under.label} ... {format_duration(round(seconds))}: {text.strip()}", progress=True)

    def stopping(self, by: str) -> None:
        self._write("", answer_to(by))

    def close(self) -> None:
        self._printer.close()

    def _write(
        self, service: str, text: str, *, stamp: bool = True, progress: bool = False, last: bool = False
    ) -> None:
        """A text of several lines stays one piece: what follows its first line is indented like it."""
        column = f"{service:<{self._width}}  " if self._width else ""
        at = f"{self._now():%H:%M:%S}  " if stamp else ""
        for line in text.split("\n"):
            self._printer.put(shown(f"{at}{column}{line}"), progress=progress, last=last)
