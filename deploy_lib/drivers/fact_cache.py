"""What was learned of each blob, kept between runs: one SQLite file that may be deleted at any time.

SQLite makes it safe with several processes at once and after a crash. A file that is damaged, locked or on a
read-only disk costs time and nothing else: every error means "nothing is kept".
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

_BATCH = 500  # SQLite takes at most 999 values in one statement in its older versions
_LARGEST = 256 << 20  # bytes; beyond it the file is begun anew
_PATIENCE = 2.0  # seconds to wait for another process


class DiskFacts:
    """The file is made on the first use. Closing twice is allowed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: sqlite3.Connection | None = None
        self._unusable = False

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        connection = self._connection()
        if connection is None or not keys:
            return found
        try:
            for start in range(0, len(keys), _BATCH):
                part = keys[start : start + _BATCH]
                marks = ",".join("?" * len(part))
                found.update(connection.execute(f"SELECT key, value FROM facts WHERE key IN ({marks})", part))
        except sqlite3.Error as error:
            self._give_up(error)
        return found

    def put(self, values: Mapping[str, bytes]) -> None:
        connection = self._connection()
        if connection is None or not values:
            return
        try:
            with connection:
                connection.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", values.items())
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _connection(self) -> sqlite3.Connection | None:
        if self._open is None and not self._unusable:
            try:
                self._open = self._connect()
            except (sqlite3.Error, OSError) as error:
                self._give_up(error)
        return self._open

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size > _LARGEST:
            self._path.unlink()
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, check_same_thread=False)
        # Nothing here is worth waiting for the disk: what is lost is learned again.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        return connection

    def _give_up(self, error: Exception) -> None:
        """A file that is none of SQLite's goes, so that the next process starts anew; a busy one stays."""
        self._unusable = True
        self.close()
        if not isinstance(error, sqlite3.OperationalError | OSError):
            with contextlib.suppress(OSError):
                self._path.unlink()


class NoFacts:
    """Keeps nothing."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        return {}

    def put(self, values: Mapping[str, bytes]) -> None:
        return None


def open_cache(state: Path) -> DiskFacts:
    """The cache below the tool's state directory, which every command shares."""
    return DiskFacts(state / "cache" / "facts.sqlite3")
