"""A live table of steps at a terminal: state, elapsed time, reason. Findings go above it, the outcome stands below.

One thread holds all that is shown, and draws it; the others only hand over what happened. No lock is shared.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TextIO

from rich.cells import cell_len

from deploy_lib.cli.show.entry_lines import FixesOnce, answer_to, ending_lines
from deploy_lib.cli.show.printer import UNREAD, write_to_stderr
from deploy_lib.cli.show.progress import Progress
from deploy_lib.cli.show.table import IN_TONE, STYLES, Line, final, frame
from deploy_lib.cli.show.writer_thread import TIMEOUT, WriterThread
from deploy_lib.model import journal
from deploy_lib.model.journal import Entry
from deploy_lib.printable import shown

INTERVAL = 0.25  # seconds between two drawings, so that the elapsed time moves
_NARROWEST = 20
CLEAR_RIGHT, CLEAR_BELOW = "\x1b[K", "\x1b[J"


class Live:
    """`out` is a terminal. Lines that are cropped to its width are drawn over; all others stay."""

    def __init__(self, services: tuple[str, ...], out: TextIO, timeout: float = TIMEOUT) -> None:
        self._services = {name: Progress(name) for name in services}
        self._fixes = FixesOnce()
        self._notice = ""
        self._above: list[Line] = []
        self._drawn: list[int] = []  # columns of each line on the screen that will be drawn over
        self._closing = False
        self._descriptor = out.fileno()
        self._encoding = out.encoding or "utf-8"
        out.flush()
        self._thread = WriterThread(self._descriptor, self._draw, INTERVAL, timeout)

    def entry(self, service: str, entry: Entry) -> None:
        at = time.monotonic()
        self._thread.put(lambda: self._take(service, entry, at))

    def line(self, service: str, text: str) -> None:
        if not self._thread.behind:
            self._thread.put(lambda: self._services[service].line(text))

    def stopping(self, by: str) -> None:
        self._thread.put(lambda: self._note(answer_to(by)))

    def close(self) -> None:
        self._thread.put(self._end)
        if not self._thread.close():
            write_to_stderr(f"{UNREAD}{''.join(f'{_plain(line)}{os.linesep}' for line in self._endings())}")

    # In the thread that draws

    def _take(self, name: str, entry: Entry, at: float) -> None:
        service = self._services[name]
        service.entry(entry, at)
        if isinstance(entry, journal.Stopped):
            self._tell(name, self._fixes.remaining(name))
        if isinstance(entry, journal.Judged):
            self._tell(name, [*self._fixes.lines(name, entry)][1:])  # the first is in the table
        elif isinstance(entry, journal.Diagnosed | journal.GoingBack) or (
            isinstance(entry, journal.LeaseHeld) and entry.by_hand
        ):
            self._tell(name, self._fixes.lines(name, entry))
        elif not any(each.running for each in self._services.values()):
            self._notice = ""

    def _tell(self, name: str, lines: Iterable[str]) -> None:
        """Above the table, to stay; of several services each under its name."""
        for number, text in enumerate(lines):
            if number == 0 and len(self._services) > 1:
                self._above.append([(shown(f"{name}:"), "bold")])
            self._above += [[(shown(each), "dim" if text.startswith("  |") else "")] for each in text.split("\n")]

    def _note(self, text: str) -> None:
        self._notice = text

    def _end(self) -> None:
        self._closing = True

    def _draw(self) -> None:
        try:
            width, height = os.get_terminal_size(self._descriptor)
        except OSError:
            width, height = 80, 24
        width = max(width, _NARROWEST)
        now = time.monotonic()
        services = [*self._services.values()]
        if self._closing:
            lines, self._above = self._above + final(services, now, width - 1) + self._endings(), []
            drawn: list[Line] = []
        else:
            drawn = frame(services, self._notice, now, width - 1, max(2, height - 1))
            lines, self._above = self._above + drawn, []
        text = "".join(f"{_ansi(line)}{CLEAR_RIGHT}\r\n" for line in lines)
        self._thread.write(f"{self._back(width)}{text}{CLEAR_BELOW}", self._encoding)
        self._drawn = [sum(cell_len(text) for text, _ in line) for line in drawn]

    def _back(self, width: int) -> str:
        """To the first line that is drawn over; a terminal made narrower has folded those that are now too long."""
        rows = sum(max(1, -(-columns // width)) for columns in self._drawn)
        return up(rows)

    def _endings(self) -> list[Line]:
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


def up(rows: int) -> str:
    """To the beginning of the line so many rows above."""
    return f"\r\x1b[{rows}A" if rows else "\r"


def _plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def _ansi(line: Line) -> str:
    return "".join(f"\x1b[{STYLES[style]}m{text}\x1b[0m" if STYLES[style] else text for text, style in line)
