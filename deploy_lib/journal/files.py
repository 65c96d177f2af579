"""The journal of a release on disk: one JSON line per entry, each on the disk before the next effect starts.

A journal cut in mid-line (the machine lost power) is read up to the cut. The cloud's annotations are the truth; a
lost journal costs the report, not the release.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from deploy_lib.journal.lines import decode, encode
from deploy_lib.model.journal import Entry

FILE = "journal.jsonl"
UNWRITTEN = "the journal of this release cannot be written"


class Journal:
    """Appends to `directory`/journal.jsonl; the directory is made, readable by its owner only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = directory / FILE
        self._cut = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with contextlib.suppress(OSError):  # another run writes it, or the disk knows no locks
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def append(self, entry: Entry) -> None:
        """Returns when the line is on the disk. Raises OSError when it cannot be (disk full)."""
        line = (b"\n" if self._cut else b"") + encode(entry) + b"\n"
        self._cut = True  # until it is there whole: a disk that is full takes half a line
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)
        self._cut = False

    def close(self) -> None:
        """Closes the file. Nothing may be appended afterwards."""
        os.close(self._file)


def is_written(directory: Path) -> bool:
    """Whether a process has the release's journal open to write it: its lock ends with the process (flock(2))."""
    try:
        file = os.open(directory / FILE, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


@dataclass(frozen=True, slots=True)
class StoredJournal:
    """What could be read. `gaps` says in whole clauses what could not."""

    entries: tuple[Entry, ...]
    gaps: tuple[str, ...] = ()


def read(directory: Path) -> StoredJournal:
    """The entries of a release's directory; an absent journal is empty, with a gap that says so."""
    path = directory / FILE
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return StoredJournal((), (f"there is no journal at {path}",))
    except OSError as problem:
        return StoredJournal((), (f"the journal {path} cannot be read: {problem.strerror}",))
    entries: list[Entry] = []
    gaps: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entries.append(decode(line))
        except ValueError as problem:
            cut = number == len(lines)
            gaps.append(f"line {number} of the journal is {'cut off' if cut else 'unreadable'}: {problem}")
    return StoredJournal(tuple(entries), tuple(gaps))


def started(directory: Path) -> tuple[str, str]:
    """What sorts directories of releases by their start.

    Ids begin with the second of it; between two of the same second the first entries of the journals decide.
    """
    second = directory.name.partition("-")[0]
    try:
        with (directory / FILE).open("rb") as file:
            return second, f"{decode(file.readline()).at.isoformat()} {directory.name}"
    except (OSError, ValueError):
        return second, directory.name
