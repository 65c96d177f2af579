"""What the live table shows of a release: lines that stay, and below them those that are drawn over. Pure.

A row of the table holds the reason of a step that passed. A step that did not is told above it, with its cause below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deploy_lib.cli.show.progress import Progress
from deploy_lib.cli.show.said_once import SaidOnce, ending_lines
from deploy_lib.cli.show.table import IN_TONE, Line, final, frame
from deploy_lib.model import journal
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Status
from deploy_lib.printable import shown


class LiveScreen:
    """Times are seconds of any one clock; `width` and `height` count columns and lines."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = {name: Progress(name) for name in services}
        self._said = SaidOnce()
        self._notice = ""
        self._above: list[Line] = []

    def entry(self, name: str, entry: Entry, at: float) -> None:
        service = self._services[name]
        service.entry(entry, at)
        if isinstance(entry, journal.Stopped):
            self._tell(name, self._said.waiting(name))
            service.stopped = self._said.shortened(name, entry)
        elif isinstance(entry, journal.Judged):
            in_table = entry.status in (Status.PASSED, Status.SKIPPED)
            self._tell(name, [*self._said.lines(name, entry)][1 if in_table else 0 :])
            if not in_table:
                service.rows[entry.step].reason = ""
        elif isinstance(entry, journal.Diagnosed | journal.GoingBack) or (
            isinstance(entry, journal.LeaseHeld) and entry.by_hand
        ):
            self._tell(name, self._said.lines(name, entry))
        elif not any(each.running for each in self._services.values()):
            self._notice = ""

    def line(self, name: str, text: str) -> None:
        self._services[name].line(text)

    def note(self, text: str) -> None:
        """The last line, until all have ended: what was answered to a person."""
        self._notice = text

    def drawn(self, now: float, width: int, height: int) -> list[Line]:
        """What is drawn over the next time."""
        return frame([*self._services.values()], self._notice, now, width, height)

    def staying(self) -> list[Line]:
        """What is to stay on the screen, and was not asked for yet."""
        lines, self._above = self._above, []
        return lines

    def closing(self, now: float, width: int) -> list[Line]:
        """What stays when all is over."""
        return [*self.staying(), *final([*self._services.values()], now, width), *self.endings()]

    def endings(self) -> list[Line]:
        """How each service ended, and what serves: the last lines of all."""
        several = len(self._services) > 1
        lines: list[Line] = []
        for service in self._services.values():
            stopped = service.stopped
            if stopped is None:
                continue
            prefix = f"{service.name}: " if several else ""
            first, *others = map(shown, ending_lines(stopped, prefix))
            mark = len(shown(f"{prefix}{stopped.outcome.words.mark}"))
            lines.append([(first[:mark], IN_TONE[stopped.outcome.words.tone]), (first[mark:], "")])
            lines += [[(text, "")] for text in others]
        return lines

    def _tell(self, name: str, lines: Iterable[str]) -> None:
        """Above the table, to stay; of several services each under its name."""
        for number, text in enumerate(lines):
            if number == 0 and len(self._services) > 1:
                self._above.append([(shown(f"{name}:"), "bold")])
            self._above += [[(shown(each), "dim" if text.startswith("  |") else "")] for each in text.split("\n")]
