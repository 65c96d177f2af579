"""Python tracebacks, read from logs as they really look.

On Cloud Run each line of stderr is a separate entry, so lines of several workers and of the platform stand
between the lines of one traceback. The reader keeps every unfinished traceback open, gives each line to the one
it fits, and closes what an exit of the container cuts off. Chained exceptions stay one traceback of several
sections; the members of an exception group follow their group.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deploy_lib.diagnose import traceback_patterns
from deploy_lib.diagnose.log_rows import PLATFORM, PhysicalLine

STRAYS = 60  # lines of others between two lines of one traceback, before it counts as cut
TAIL = 30  # lines of an exception's message after its first


@dataclass(frozen=True, slots=True)
class StackFrame:
    """One line of the stack: where the exception passed through."""

    file: str
    line: int
    function: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class ExceptionSection:
    """One exception. `type` is "" when the log ends before it was named; `direct` when the next was raised from it."""

    frames: tuple[StackFrame, ...]
    type: str = ""
    message: str = ""
    tail: tuple[str, ...] = ()
    direct: bool = False

    @property
    def name(self) -> str:
        """The exception's class without its module."""
        return self.type.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Traceback:
    """Sections in the order printed: the earliest exception first. `row` is the index of its last line."""

    sections: tuple[ExceptionSection, ...]
    at: datetime | None
    row: int
    first_row: int
    cut: bool = False
    grouped: bool = False

    @property
    def last(self) -> ExceptionSection:
        """The exception that ended the process."""
        return self.sections[-1]

    def fingerprint(self) -> tuple[str, str, str]:
        """Equal for the same failure of another attempt: numbers and addresses in the message do not count."""
        place = f"{self.last.frames[-1].file}:{self.last.frames[-1].line}" if self.last.frames else ""
        return self.last.type, re.sub(r"0x[0-9a-f]+|\d+", "#", self.last.message), place


@dataclass(slots=True)
class _Open:
    first_row: int
    indent: str = ""
    frames: list[StackFrame] = field(default_factory=list)
    sections: list[ExceptionSection] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    wants_code: bool = False
    done: bool = False  # the current section has its exception
    strays: int = 0
    row: int = 0
    at: datetime | None = None
    grouped: bool = False
    headless: bool = False


def parse(rows: Sequence[PhysicalLine], ends: frozenset[int] = frozenset()) -> tuple[Traceback, ...]:
    """All tracebacks of the log; `ends` are the rows at which a container is known to have ended."""
    reader = _Reader()
    for number, row in enumerate(rows):
        if number in ends:
            reader.close_all()
        elif row.source not in PLATFORM:
            reader.read(number, row)
    reader.close_all()
    return tuple(sorted(reader.found, key=lambda traceback: traceback.first_row))


class _Reader:
    """The open tracebacks, oldest first, and those already closed."""

    def __init__(self) -> None:
        self.found: list[Traceback] = []
        self.open: list[_Open] = []
        self.group: tuple[StackFrame, ...] | None = None  # of the exception group whose members are being printed

    def read(self, number: int, row: PhysicalLine) -> None:
        text = row.text
        if not self.open and 'File "' not in text and "raceback (most recent" not in text:
            return
        text, barred = traceback_patterns.unbarred(text)
        owner = self._owner(number, text, barred)
        if owner is not None:
            owner.row, owner.at, owner.strays = number, row.at or owner.at, 0
        for waiting in list(self.open):
            if waiting is not owner:
                waiting.strays += 1
                if waiting.strays > (TAIL if waiting.done else STRAYS):
                    self._close(waiting)

    def close_all(self) -> None:
        for waiting in list(self.open):
            self._close(waiting)

    def _owner(self, number: int, text: str, barred: bool) -> _Open | None:
        """The traceback this line belongs to, after the line was added to it; None for a line of somebody else."""
        if traceback_patterns.is_header(text):
            return self._begin(number, barred)
        chained = traceback_patterns.chain(text)
        if chained is not None:
            return self._chain(direct=chained)
        frame = traceback_patterns.frame(text)
        if frame is not None:
            return self._frame(number, *frame)
        return self._code(text) or self._raised(text) or self._tail(text)

    def _begin(self, number: int, barred: bool) -> _Open:
        waiting = next((item for item in self.open if item.sections and not item.done and not item.frames), None)
        if waiting is not None:  # the header that follows "During handling of ..."
            return waiting
        group = next((item for item in reversed(self.open) if item.done), None)
        fresh = _Open(first_row=number)
        if group is not None:
            if group.sections[-1].name.endswith("ExceptionGroup"):
                self.group = tuple(group.frames)
            self._close(group)
        if barred and self.group is not None:
            fresh.grouped, fresh.frames = True, [*self.group]
        elif not barred:
            self.group = None
        self.open.append(fresh)
        return fresh

    def _chain(self, *, direct: bool) -> _Open | None:
        done = next((item for item in reversed(self.open) if item.done), None)
        if done is None:
            return None
        last = done.sections[-1]
        done.sections[-1] = ExceptionSection(last.frames, last.type, last.message, tuple(done.tail), direct)
        done.frames, done.tail, done.done, done.wants_code = [], [], False, False
        return done

    def _frame(self, number: int, indent: str, file: str, line: int, function: str) -> _Open:
        key = (file, line, function)
        running = [item for item in self.open if not item.done]
        follower = next((item for item in running[1:] if _on_the_track_of(running, item, key)), None)
        owner = follower or (running[0] if running else None)
        if owner is None:
            owner = _Open(first_row=number, headless=True)
            self.open.append(owner)
        owner.frames.append(StackFrame(file, line, function))
        owner.indent, owner.wants_code = indent, True
        return owner

    def _code(self, text: str) -> _Open | None:
        for item in self.open:
            if item.done or not item.frames:
                continue
            if item.wants_code and traceback_patterns.is_code(text, item.indent):
                last = item.frames[-1]
                item.frames[-1] = StackFrame(last.file, last.line, last.function, text.strip())
                item.wants_code = False
                return item
            if traceback_patterns.is_marker(text):
                return item
        return None

    def _raised(self, text: str) -> _Open | None:
        running = [item for item in self.open if not item.done and item.frames]
        if not running:
            return None
        raised = traceback_patterns.exception_line(text)
        if raised is None:
            return None
        owner = max(running, key=lambda item: len(item.frames))
        owner.sections.append(ExceptionSection(tuple(owner.frames), *raised))
        owner.done, owner.wants_code = True, False
        return owner

    def _tail(self, text: str) -> _Open | None:
        done = next((item for item in reversed(self.open) if item.done), None)
        if done is None or len(done.tail) >= TAIL or traceback_patterns.is_log_start(text):
            return None
        done.tail.append(text)
        return done

    def _close(self, item: _Open) -> None:
        self.open.remove(item)
        sections = list(item.sections)
        if item.done:
            last = sections[-1]
            sections[-1] = ExceptionSection(last.frames, last.type, last.message, tuple(item.tail))
        elif item.frames:
            sections.append(ExceptionSection(tuple(item.frames)))
        if sections:
            cut = not item.done or (item.headless and sections[-1].name not in traceback_patterns.HEADLESS)
            self.found.append(Traceback(tuple(sections), item.at, item.row, item.first_row, cut, item.grouped))


def _on_the_track_of(running: list[_Open], item: _Open, key: tuple[str, int, str]) -> bool:
    """True when an older open traceback has this very frame where `item` needs its next: two workers, one failure."""
    position = len(item.frames)
    for older in running[: running.index(item)]:
        if position < len(older.frames):
            frame = older.frames[position]
            if (frame.file, frame.line, frame.function) == key:
                return True
    return False
