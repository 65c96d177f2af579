"""What a service or job, some of its revisions or executions wrote: first what is there, then what comes in.

All of it is read by the project's one reader, so a command that shows a log keeps to the same budget as a release.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from deploy_lib.drivers.log_follower import LogFollower
from deploy_lib.drivers.logs import Entries, JobEntries, line_of
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.model.evidence import LogLine
from deploy_lib.model.service import Service

_MOST = 20_000
"""Entries per reading while one follows: twenty pages, so that a flood is not read in circles."""
_OVERLAP = timedelta(seconds=10)


@dataclass(slots=True)
class ServiceLog:
    """`revisions` (of a job: executions) empty: all of the service. `since` and what is given are in UTC."""

    calls: Calls
    log: ProjectLog
    service: Service
    revisions: tuple[str, ...]
    since: datetime
    _entries: Entries = field(init=False)
    _follower: LogFollower | None = None

    def __post_init__(self) -> None:
        known = self.calls, self.service, self.revisions, self.since
        kind = Entries if self.service.job is None else JobEntries
        self._entries = kind(*known, most=_MOST, overlap=timedelta(0))

    def past(self) -> Iterator[list[LogLine]]:
        """What is there, oldest first, page by page, as fast as the budget lets it. Raises DriverError, Interrupted."""
        token = ""
        while True:
            entries, token = self.log.read(partial(self._entries.page, token))
            yield [line_of(entry) for entry in entries]
            if not token:
                return

    def follow(self) -> None:
        """From now on what comes in is read, also what comes late."""
        self._entries.overlap, self._entries.forgets = _OVERLAP, True
        self._follower = self.log.follow(self._entries)

    def news(self) -> tuple[list[LogLine], list[str]]:
        """What has come in since the last look, by time, and what a person should know of the reading.

        Raises DriverError when it will never be read.
        """
        assert self._follower is not None, "follow() comes first"
        found, told = self._follower.take(), self._follower.messages()
        return sorted(map(line_of, found), key=lambda line: line.at or self.since), told

    @property
    def is_over(self) -> bool:
        """Whether no waiting will bring more, for the permission is missing or the like."""
        return self._follower is not None and self._follower.for_good
