"""What was learned of each blob, kept between runs: one SQLite file that may be deleted at any time.

SQLite makes it safe with several processes at once and after a crash. A file that is damaged, locked or on a
read-only disk costs time and nothing else: every error means "nothing is kept".
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_BATCH = 500  # SQLite takes at most 999 values in one statement in its older versions
_LARGEST = 256 << 20  # bytes; beyond it the file is begun anew
_PATIENCE = 2.0  # seconds to wait for another process


class DiskFacts:
    """The file is made on the first use. Closing twice is allowed, and so are several threads at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()  # one connection must not be used by two threads at once
        self._open: sqlite3.Connection | None = None
        self._unusable = False

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The values that are kept for those keys; a key without one is left out."""
        found: dict[str, bytes] = {}
        if not keys:
            return found
        with self._connection() as connection:
            if connection is not None:
                for start in range(0, len(keys), _BATCH):
                    part = keys[start : start + _BATCH]
                    marks = ",".join("?" * len(part))
                    found.update(connection.execute(f"SELECT key, value FROM facts WHERE key IN ({marks})", part))
        return found

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keeps the values. A disk that is full or read-only costs the cache and raises nothing."""
        if not values:
            return
        with self._connection() as connection:
            if connection is not None:
                with connection:
                    connection.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", values.items())

    def close(self) -> None:
        """Closes the file; the next use opens it again."""
        with self._lock:
            self._close()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection | None]:
        """For one thread at a time. None if nothing is kept; an error in the block means that from then on."""
        with self._lock:
            if self._open is None and not self._unusable:
                try:
                    self._open = self._connect()
                except (sqlite3.Error, OSError) as error:
                    self._give_up(error)
            try:
                yield self._open
            except sqlite3.Error as error:
                self._give_up(error)

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size > _LARGEST:
            self._path.unlink()
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, check_same_thread=False)
        # Nothing here is worth waiting for the disk: what is lost is learned again.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        return connection

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _give_up(self, error: Exception) -> None:
        """A file that is none of SQLite's goes, so that the next process starts anew; a busy one stays."""
        self._unusable = True
        self._close()
        if not isinstance(error, sqlite3.OperationalError | OSError):
            with contextlib.suppress(OSError):
                self._path.unlink()


class NoFactCache:
    """Keeps nothing."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Always empty."""
        return {}

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keeps nothing."""


def open_cache(state: Path) -> DiskFacts:
    """The cache below the tool's state directory, which every command shares."""
    return DiskFacts(state / "cache" / "facts.sqlite3")
