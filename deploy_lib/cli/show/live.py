"""A live table of steps at a terminal: state, elapsed time, reason. Findings go above it, the outcome stands below.

One thread holds all that is shown, and draws it; the others only hand over what happened. No lock is shared.
"""

from __future__ import annotations

import os
import time
from typing import TextIO

from rich.cells import cell_len

from deploy_lib.cli.show.entry_lines import answer_to
from deploy_lib.cli.show.live_screen import LiveScreen
from deploy_lib.cli.show.printer import UNREAD, write_to_stderr
from deploy_lib.cli.show.table import STYLES, Line
from deploy_lib.cli.show.writer_thread import TIMEOUT, WriterThread
from deploy_lib.model.journal import Entry

INTERVAL = 0.25  # seconds between two drawings, so that the elapsed time moves
_NARROWEST = 20
CLEAR_RIGHT, CLEAR_BELOW = "\x1b[K", "\x1b[J"


class Live:
    """`out` is a terminal. Lines that are cropped to its width are drawn over; all others stay."""

    def __init__(self, services: tuple[str, ...], out: TextIO, timeout: float = TIMEOUT) -> None:
        self._screen = LiveScreen(services)
        self._drawn: list[int] = []  # columns of each line on the screen that will be drawn over
        self._closing = False
        self._descriptor = out.fileno()
        self._encoding = out.encoding or "utf-8"
        out.flush()
        self._thread = WriterThread(self._descriptor, self._draw, INTERVAL, timeout)

    def entry(self, service: str, entry: Entry) -> None:
        at = time.monotonic()
        self._thread.put(lambda: self._screen.entry(service, entry, at))

    def line(self, service: str, text: str) -> None:
        if not self._thread.behind:
            self._thread.put(lambda: self._screen.line(service, text))

    def stopping(self, by: str) -> None:
        self._thread.put(lambda: self._screen.note(answer_to(by)))

    def close(self) -> None:
        self._thread.put(self._end)
        if not self._thread.close():
            endings = "".join(f"{_plain(line)}{os.linesep}" for line in self._screen.endings())
            write_to_stderr(f"{UNREAD}{endings}")

    # In the thread that draws

    def _end(self) -> None:
        self._closing = True

    def _draw(self) -> None:
        try:
            width, height = os.get_terminal_size(self._descriptor)
        except OSError:
            width, height = 80, 24
        width = max(width, _NARROWEST)
        now = time.monotonic()
        if self._closing:
            lines, drawn = self._screen.closing(now, width - 1), []
        else:
            drawn = self._screen.drawn(now, width - 1, max(2, height - 1))
            lines = self._screen.staying() + drawn
        text = "".join(f"{_ansi(line)}{CLEAR_RIGHT}\r\n" for line in lines)
        self._thread.write(f"{self._back(width)}{text}{CLEAR_BELOW}", self._encoding)
        self._drawn = [sum(cell_len(text) for text, _ in line) for line in drawn]

    def _back(self, width: int) -> str:
        """To the first line that is drawn over; a terminal made narrower has folded those that are now too long."""
        rows = sum(max(1, -(-columns // width)) for columns in self._drawn)
        return up(rows)


def up(rows: int) -> str:
    """To the beginning of the line so many rows above."""
    return f"\r\x1b[{rows}A" if rows else "\r"


def _plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def _ansi(line: Line) -> str:
    return "".join(f"\x1b[{STYLES[style]}m{text}\x1b[0m" if STYLES[style] else text for text, style in line)
