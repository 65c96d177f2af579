"""The log entries of every project, in memory.

Entries are kept by time and insert id, the order in which they are listed. Each log of a project keeps its
newest entries only: a service that talks without end, or a load test's request log, must neither fill the memory
nor push out another log's lines.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Key = tuple[int, str]
"""Nanoseconds since the epoch, and the insert id."""

Matches = Callable[[Any], bool]
KEPT = 20_000  # entries of one log
_DROPPED = 1_000  # at a time, since dropping moves all others


class LogStore:
    """Entries are protobuf LogEntry messages, whole and not to be changed any more. May be used from any thread."""

    def __init__(
        self, clock: Callable[[], float], kept: int = KEPT, lateness: Callable[[], float] = lambda: 0.0
    ) -> None:
        """`lateness` gives the seconds after which the next entry can be found."""
        self._clock, self._lateness = clock, lateness
        self._kept = kept
        self._lock = threading.Lock()
        self._logs: dict[str, list[tuple[Key, Any]]] = {}  # by log name
        self._number = itertools.count(1)

    def add(self, entry: Any, delay: float = 0.0) -> None:
        """Fills in what the writer left out; it can be found after `delay` seconds, or later.

        An entry with the time and insert id of another of its log is dropped.
        That is how a write that is repeated after a lost answer leaves one entry
        (https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry, insertId).
        """
        now, delay = round(self._clock() * 1e9), max(delay, self._lateness())
        entry.receive_timestamp.FromNanoseconds(now + round(delay * 1e9))
        if not entry.HasField("timestamp"):
            entry.timestamp.FromNanoseconds(now)
        if not entry.insert_id:
            entry.insert_id = f"{next(self._number):016x}"  # grows, so that lines of one instant keep their order
        key = (entry.timestamp.ToNanoseconds(), entry.insert_id)
        with self._lock:
            log = self._logs.setdefault(entry.log_name, [])
            at = bisect.bisect_left(log, key, key=_key)
            if at < len(log) and log[at][0] == key:
                return
            log.insert(at, (key, entry))
            if len(log) > self._kept + _DROPPED:
                del log[:_DROPPED]

    def find(
        self,
        projects: Iterable[str],
        matches: Matches,
        *,
        after: Key | None = None,
        descending: bool = False,
        bounds: tuple[int | None, int | None] = (None, None),
    ) -> Iterator[tuple[Key, Any]]:
        """Matching entries of the projects behind the key `after`, in order of time; `bounds` in nanoseconds."""
        prefixes = tuple(f"projects/{project}/logs/" for project in projects)
        low = (bounds[0] if bounds[0] is not None else 0, "")
        high = (bounds[1] + 1 if bounds[1] is not None else 1 << 63, "")
        if after is not None and descending:
            high = min(high, after)
        elif after is not None:
            low = max(low, (after[0], after[1] + "\0"))
        with self._lock:
            slices = [
                log[bisect.bisect_left(log, low, key=_key) : bisect.bisect_left(log, high, key=_key)]
                for name, log in self._logs.items()
                if name.startswith(prefixes)
            ]
        ordered = [found[::-1] for found in slices] if descending else slices
        now = round(self._clock() * 1e9)
        for key, entry in heapq.merge(*ordered, key=_key, reverse=descending):
            if entry.receive_timestamp.ToNanoseconds() <= now and matches(entry):
                yield key, entry

    def names(self, project: str) -> list[str]:
        with self._lock:
            return sorted(name for name in self._logs if name.startswith(f"projects/{project}/logs/"))


def _key(item: tuple[Key, Any]) -> Key:
    return item[0]
