"""A build's log as it grows: reported line by line, and its last lines kept for when the build fails.

Cloud Build writes gs://<logs_bucket>/log-<build id>.txt while the build runs; every read asks only for what is new
(https://cloud.google.com/build/docs/securing-builds/store-manage-build-logs). With more than one step each line
begins with its step's number and id.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy_lib.drivers.interface import Tell

_KEPT = 400  # lines
_LINE = re.compile(r'(?:Step #(?P<number>\d+)(?: - "(?P<name>[^"]*)")?: )?(?P<text>.*)')
# Cloud Build's own ceremony, of no use to someone who waits.
_CEREMONY = re.compile(
    r"starting build |FETCHSOURCE$|BUILD$|PUSH$|DONE$|Starting Step |Finished Step |Already have image|"
    r"Fetching storage object|Copying gs://|Operation completed|[-]{20,}|: Pulling from|\[\d+ files\]"
)
_ENDINGS = ("PUSH", "DONE", "ERROR")
_BASE = re.compile(r"\] FROM \S+@(sha256:[0-9a-f]{64})")
ReadFrom = Callable[[int], bytes]
"""What the log holds from that byte on; b"" when there is nothing new or no log yet."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """`step` is the id of the step that wrote the line, "" for Cloud Build's own."""

    step: str
    text: str


@dataclass(slots=True)
class BuildLog:
    """Feed it with `follow`; `lines` are the last ones."""

    read: ReadFrom
    tell: Tell
    lines: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=_KEPT))
    base_digest: str | None = None  # of the last base image that BuildKit resolved
    ended: bool = False  # Cloud Build's own last line was read
    _offset: int = 0
    _pending: bytes = b""

    def follow(self, *, ended: bool = False) -> None:
        """Tell what is new; with `ended` also a last line that has no end."""
        data = self.read(self._offset)
        self._offset += len(data)
        *whole, self._pending = (self._pending + data).split(b"\n")
        if ended and self._pending:
            whole, self._pending = [*whole, self._pending], b""
        for line in whole:
            self._take(line.decode("utf-8", "replace").rstrip("\r"))

    def of_step(self, step: str) -> list[str]:
        """The last lines of one step. A build of a single step does not name it in its log."""
        named = [entry.text for entry in self.lines if entry.step == step]
        return named or self._of_the_only_step()

    def _of_the_only_step(self) -> list[str]:
        found: list[str] = []
        for entry in self.lines:
            if entry.text == "BUILD":
                found = []
            elif entry.step or entry.text in _ENDINGS:
                break
            elif not _CEREMONY.match(entry.text):
                found.append(entry.text)
        return found

    def _take(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        step = (match["name"] or (f"step {match['number']}" if match["number"] else "")) if match else ""
        text = match["text"] if match else line
        self.lines.append(LogEntry(step, text))
        self.ended = self.ended or (not step and (text in ("DONE", "ERROR") or text.startswith("ERROR: build step")))
        if resolved := _BASE.search(text):
            self.base_digest = resolved[1]
        if text.strip() and not _CEREMONY.match(text):
            self.tell(f"{step}: {text}" if step else text)
