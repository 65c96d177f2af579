"""A build's log while it grows: lines with their step's name in front, in the log object and in Cloud Logging.

Lines are written by a thread of their own, all that are waiting at once, so a talkative step is not slowed down
by the storage. Values of secrets are masked before a line is kept anywhere.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from typing import BinaryIO

from ...worker import explain, start_worker, unheard

_CHUNK = 64 * 1024
Write = Callable[[str, str], None]
"""Takes the step's label ("" for the build's own lines) and one line."""


class BuildLogWriter:
    """Lines written before `open` are kept for it; without it none is ever written."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()
        self._lines: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None

    def open(self, append: Callable[[bytes], None] | None, note: Write | None) -> None:
        """`append` takes bytes for the log object, `note` one line for Cloud Logging; either may be None."""
        self._writer = start_worker(lambda: self._write(append, note), "build-log", unheard)

    def hide(self, values: Iterable[str]) -> None:
        """Masks these values in every later line, the longest first."""
        self._secrets = tuple(sorted({value for value in values if value.strip()}, key=len, reverse=True))

    def say(self, line: str, step: str = "") -> None:
        for value in self._secrets:
            line = line.replace(value, "****")
        self._lines.put((step, f"{step}: {line}" if step else line))

    def follow(self, stream: BinaryIO, step: str, lost: Callable[[], object]) -> threading.Thread:
        """Writes what comes out of a step, line by line, until its end. `lost` ends a step that cannot be read."""

        def fail(error: Exception) -> None:
            self.say(explain(error), step)
            lost()

        return start_worker(lambda: self._follow(stream, step), f"output of {step or 'a step'}", fail)

    def close(self) -> None:
        """Returns when everything is written."""
        if self._writer is not None:
            self._lines.put(None)
            self._writer.join()

    def _follow(self, stream: BinaryIO, step: str) -> None:
        read = getattr(stream, "read1", stream.read)
        pending = b""
        while data := read(_CHUNK):
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self.say(_text(line), step)
        if pending:
            self.say(_text(pending), step)

    def _write(self, append: Callable[[bytes], None] | None, note: Write | None) -> None:
        while True:
            batch = [self._lines.get()]
            while not self._lines.empty():
                batch.append(self._lines.get())
            lines = [item for item in batch if item is not None]
            if lines and append is not None:
                append("".join(f"{text}\n" for _, text in lines).encode("utf-8", "replace"))
            if note is not None:
                for step, text in lines:
                    note(step, text)
            if len(lines) < len(batch):
                return


def _text(line: bytes) -> str:
    """As a terminal would end up showing it: what stands after the last carriage return."""
    return line.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2]
