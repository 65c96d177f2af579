"""A terminal for tests: a real pseudo-terminal, and a screen that shows what was written to it as a person sees it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

from rich.cells import cell_len

_SEQUENCE = re.compile(r"\x1b\[(\d*)(?:;\d+)*([A-Za-z])")


@dataclass
class Screen:
    """Understands what our own table sends: text, CR, LF, the cursor up, clearing, colours. All else is an error."""

    width: int
    height: int
    rows: list[str] = field(default_factory=lambda: [""])
    above: list[str] = field(default_factory=list)
    row: int = 0
    column: int = 0

    def feed(self, text: str) -> None:
        place = 0
        while place < len(text):
            found = _SEQUENCE.match(text, place)
            if found:
                self._obey(found[2], int(found[1] or 0))
                place = found.end()
                continue
            self._put(text[place])
            place += 1

    def _obey(self, what: str, number: int) -> None:
        match what:
            case "A":
                self.row = max(0, self.row - max(1, number))
            case "K":
                self.rows[self.row] = self.rows[self.row][: self.column]
            case "J":
                self.rows[self.row] = self.rows[self.row][: self.column]
                del self.rows[self.row + 1 :]
            case "m":
                pass
            case _:
                raise AssertionError(f"a sequence that is not ours: {what}")

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self._down()
        else:
            assert character.isprintable(), f"raw on the terminal: {character!r}"
            if self.column + cell_len(character) > self.width:
                self.column = 0
                self._down()
            line = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += cell_len(character)

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")
        if len(self.rows) > self.height:
            self.above.append(self.rows.pop(0))
            self.row -= 1

    @property
    def lines(self) -> list[str]:
        """What can be seen now."""
        return [line.rstrip() for line in self.rows if line.strip()]

    @property
    def whole(self) -> list[str]:
        """With what has left the screen at its top."""
        return [line.rstrip() for line in [*self.above, *self.rows] if line.strip()]


@dataclass
class Terminal:
    """`out` is the program's side; what it writes is read by a thread until it is closed or told to stop."""

    master: int
    out: TextIO
    written: bytes = b""
    reading: threading.Event = field(default_factory=threading.Event)
    _done: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        with contextlib.suppress(OSError):  # EIO: the program's side is closed
            while self.reading.wait() and (data := os.read(self.master, 65536)):
                self.written += data
        self._done.set()

    def resize(self, width: int, height: int) -> None:
        resize(self.master, width, height)

    def all_of_it(self) -> str:
        """Once the program has closed its side."""
        self.out.close()
        assert self._done.wait(10), "the terminal's other side is still open"
        return self.written.decode()

    def screen(self, width: int, height: int) -> Screen:
        screen = Screen(width, height)
        screen.feed(self.all_of_it())
        return screen


def resize(descriptor: int, width: int, height: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


@contextlib.contextmanager
def terminal(width: int = 80, height: int = 24, *, reading: bool = True) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    resize(master, width, height)
    made = Terminal(master, os.fdopen(slave, "w", encoding="utf-8"))
    if reading:
        made.reading.set()
    thread = threading.Thread(target=made.read, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.reading.set()
        with contextlib.suppress(OSError):
            made.out.close()
        thread.join(10)
        with contextlib.suppress(OSError):
            os.close(master)
