"""Looks at something again and again, until the person who watches has seen enough.

At a terminal each look is drawn over the one before. Elsewhere, and as JSON, lines are printed when one has changed,
so that a log holds what happened and not how often it was asked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

from rich.cells import cell_len, set_cell_size

from deploy_lib.cli.show.console import say, say_as_is, say_error
from deploy_lib.cli.show.live import CLEAR_BELOW, CLEAR_RIGHT, up
from deploy_lib.cli.show.streams import flush_to_reader
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.printable import shown

Look = Callable[[], Iterable[str]]


def watch(look: Look, every: float, clock: Clock, *, as_json: bool) -> NoReturn:
    """`every` in seconds. Raises Interrupted from the clock, ReaderLeft, and DriverError when the first look fails.

    A later look that fails is told once, and the next one is made all the same.
    """
    drawn = _Drawn() if not as_json and sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else None
    before, failed = [*look()], ""
    _show(before, drawn, as_json)
    while True:
        clock.sleep(every)
        try:
            now, problem = [*look()], ""
        except DriverError as error:
            now, problem = before, error.reason
        if problem != failed and problem:
            say_error(f"{problem}; looking again every {every:g} s")
            if drawn is not None:
                drawn.rows = 0  # what stands above stays
        if drawn is not None or now != before:
            _show(now, drawn, as_json)
        before, failed = now, problem


def _show(lines: list[str], drawn: _Drawn | None, as_json: bool) -> None:
    if drawn is not None:
        drawn.draw(lines)
    elif as_json:
        say_as_is("\n".join(lines))
    else:
        say(*lines)
    flush_to_reader()


class _Drawn:
    """What stands on the terminal and is drawn over; lines are cropped to its width, the last ones are kept."""

    def __init__(self) -> None:
        self.rows = 0

    def draw(self, lines: list[str]) -> None:
        width, height = _size()
        fit = [_cropped(shown(line), width - 1) for line in lines][-(height - 1) :]
        sys.stdout.write(up(self.rows) + "".join(f"{line}{CLEAR_RIGHT}\r\n" for line in fit) + CLEAR_BELOW)
        self.rows = len(fit)


def _cropped(line: str, width: int) -> str:
    return line if cell_len(line) <= width else set_cell_size(line, width).rstrip()


def _size() -> tuple[int, int]:
    try:
        width, height = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return 80, 24
    return max(width, 20), max(height, 3)
