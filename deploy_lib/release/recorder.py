"""The entries of what is carried out: each is written down before the next effect starts.

So a client killed at any line leaves a journal (and a service) that another machine can take up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deploy_lib.journal import UNWRITTEN
from deploy_lib.model.journal import Asked, Entry, TakeBackAsked

Note = Callable[[Entry], None]
"""Writes an entry down, then shows it. Raises OSError when it could not be written; an Asked is then not shown."""


@dataclass(slots=True)
class Recorder:
    """`entries` are all so far, those of an earlier journal first."""

    note: Note
    entries: list[Entry] = field(default_factory=list)
    unwritten: str = ""
    """Why the journal could not be written; empty while it can."""

    def record(self, entry: Entry) -> bool:
        """Whether it was written down. Nothing that could not be is asked of the cloud."""
        written = True
        try:
            self.note(entry)
        except OSError as problem:
            self.unwritten = self.unwritten or f"{UNWRITTEN}: {problem.strerror or problem}"
            written = False
        if written or not isinstance(entry, Asked | TakeBackAsked):
            self.entries.append(entry)
        return written
