"""The log of one revision, read again and again without missing or repeating an entry.

Entries arrive late and out of order, so each reading starts some seconds before the newest entry seen and drops
what it has seen by insertId. Tailing is not used: the client's tail blocks until a first entry comes and cannot be
told to stop. Cloud Run names its logs stdout, stderr, varlog/system (the platform's own words) and requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.evidence import LogLine, LogSource
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry

OVERLAP = timedelta(seconds=30)
"""Entries may come this much later than younger ones."""
PAGE = 1000  # entries, the most the API gives at once
MOST = 5_000
"""Entries per reading, oldest first: what a revision that logs more than this tells next is how it ends."""
REMEMBERED = 10_000
"""Entries that are known at least before any of them is forgotten."""
ENDS_READ = 2
"""Ends of a container before which a flood is read: what it says there is why it ended."""

_RANKS = {
    0: "DEFAULT",
    100: "DEBUG",
    200: "INFO",
    300: "NOTICE",
    400: "WARNING",
    500: "ERROR",
    600: "CRITICAL",
    700: "ALERT",
    800: "EMERGENCY",
}
_SOURCES = {
    "run.googleapis.com/stdout": LogSource.STDOUT,
    "run.googleapis.com/stderr": LogSource.STDERR,
    "run.googleapis.com/varlog/system": LogSource.SYSTEM,
    "run.googleapis.com/requests": LogSource.REQUEST,
}


@dataclass(slots=True)
class Entries:
    """The entries of revisions, of all of the service where none is named, from `since` on.

    `logs` are those read, by their id, else all; `most` per reading. `forgets`: what is far older than the newest is
    taken for known, so that one who follows for days fits into memory.
    """

    calls: Calls
    service: Service
    revisions: tuple[str, ...]
    since: datetime
    logs: tuple[str, ...] = ()
    most: int = MOST
    overlap: timedelta = OVERLAP
    cut: bool = False  # a reading found more than `most`
    forgets: bool = False
    _seen: dict[str, datetime | None] = field(default_factory=dict)
    _newest: datetime | None = None
    _room: int = REMEMBERED

    def read(self) -> list[LogEntry]:
        """Those of the next reading, by time, known ones among them: `new` and `takes` tell. Raises ApiError."""
        wanted, token = self.filter(), ""
        found: list[LogEntry] = []
        while True:
            page = self._page(wanted, "timestamp asc", token)
            found += page.entries
            if not page.next_page_token:
                return found
            if len(found) >= self.most:
                self.cut = True
                return found
            token = page.next_page_token

    @property
    def subject(self) -> str:
        """Whose they are, in words."""
        return self.revisions[0] if self.revisions else self.service.cloud_run

    def page(self, token: str = "") -> tuple[list[LogEntry], str]:
        """One page of all since the beginning, oldest first, and the token of the next one ("" after the last)."""
        page = self._page(self.filter(self.since), "timestamp asc", token)
        return self.new(page.entries), page.next_page_token

    def new(self, entries: Iterable[LogEntry]) -> list[LogEntry]:
        """Those that were not given before."""
        return [entry for entry in entries if self._is_new(entry)]

    def takes(self, entry: LogEntry) -> bool:
        """Whether the entry, which may be of another service, is of these and was not given before."""
        log = entry.log_name.rpartition("/logs/")[2]
        at = plain_time(entry.timestamp)
        wanted = not self.logs or log in self.logs
        return (
            self._is_ours(entry) and wanted and (at is None or at >= self.since - self.overlap) and self._is_new(entry)
        )

    def latest(self, until: datetime | None = None) -> list[LogEntry]:
        """The last page of all, or of those until a time, as far as they are new: the end of a log, long or late."""
        bound = f' AND timestamp<="{until.astimezone(UTC).isoformat()}"' if until is not None else ""
        page = self._page(self.filter(self.since) + bound, "timestamp desc", "")
        new = self.new(reversed(page.entries))
        self.cut = self.cut or bool(page.next_page_token and len(new) == len(page.entries))
        return new

    def of_platform(self) -> list[LogEntry]:
        """A page of the platform's own words, the newest, as far as they are new."""
        log = f"projects/{self.service.project}/logs/run.googleapis.com%2Fvarlog%2Fsystem"
        page = self._page(f'{self.filter(self.since)} AND logName="{log}"', "timestamp desc", "")
        return self.new(reversed(page.entries))

    def _page(self, wanted: str, order: str, token: str) -> ListLogEntriesResponse:
        return _page(self.calls, self.service.project, wanted, order, token, f"read the log of {self.subject}")

    def filter(self, since: datetime | None = None) -> str:
        """The filter of the next reading, or of one of everything from a time on.

        Its language: https://cloud.google.com/logging/docs/view/logging-query-language
        """
        start = (since or max(self.since, self._newest or self.since)) - self.overlap
        parts = [
            *self._resource(),
            f'resource.labels.location="{self.service.region}"',
            f'timestamp>="{start.astimezone(UTC).isoformat()}"',
        ]
        logs = " OR ".join(f'"projects/{self.service.project}/logs/{log}"' for log in self.logs)
        return " AND ".join([*parts, f"logName=({logs})"] if logs else parts)

    def _resource(self) -> tuple[str, ...]:
        names = " OR ".join(f'"{name}"' for name in self.revisions)
        return (
            'resource.type="cloud_run_revision"',
            f'resource.labels.service_name="{self.service.cloud_run}"',
            *([f"resource.labels.revision_name={f'({names})' if len(self.revisions) > 1 else names}"] if names else []),
        )

    def _is_ours(self, entry: LogEntry) -> bool:
        labels = entry.resource.labels
        named = not self.revisions or labels.get("revision_name") in self.revisions
        return labels.get("service_name") == self.service.cloud_run and named

    def _is_new(self, entry: LogEntry) -> bool:
        key = entry.insert_id or f"{entry.timestamp}{entry.text_payload}"
        at = plain_time(entry.timestamp)
        if key in self._seen or self._is_forgotten(at):
            return False
        self._seen[key] = at
        if at is not None and (self._newest is None or at > self._newest):
            self._newest = at
        if self.forgets and len(self._seen) > self._room:
            self._seen = {name: when for name, when in self._seen.items() if not self._is_forgotten(when)}
            self._room = max(REMEMBERED, 2 * len(self._seen))
        return True

    def _is_forgotten(self, at: datetime | None) -> bool:
        """Whether no reading asks for entries of that time any more."""
        if not self.forgets or self._newest is None:
            return False
        return at is None or at < self._newest - 2 * self.overlap


_EXECUTION = "run.googleapis.com/execution_name"


class JobEntries(Entries):
    """Those of one execution of a job, which stands for the revision, or of all of a job that is released by itself
    (https://cloud.google.com/run/docs/logging#viewing-logs-job)."""

    def _resource(self) -> tuple[str, ...]:
        of = [f'labels."{_EXECUTION}"="{name}"' for name in self.revisions]
        return ('resource.type="cloud_run_job"', *(of or [f'resource.labels.job_name="{self.service.cloud_run}"']))

    def _is_ours(self, entry: LogEntry) -> bool:
        if self.revisions:
            return entry.labels.get(_EXECUTION) in self.revisions
        return entry.resource.labels.get("job_name") == self.service.cloud_run


def read_together(followed: Sequence[Entries]) -> list[LogEntry] | None:
    """What all of them would read next, by one call; None when that is more than it can give. Raises ApiError.

    All are of one project.
    """
    first = followed[0]
    wanted = " OR ".join(f"({each.filter()})" for each in followed)
    doing = f"read the logs of {', '.join(dict.fromkeys(each.subject for each in followed))}"
    page = _page(first.calls, first.service.project, wanted, "timestamp asc", "", doing)
    return None if page.next_page_token else list(page.entries)


def _page(calls: Calls, project: str, wanted: str, order: str, token: str, doing: str) -> ListLogEntriesResponse:
    from google.cloud.logging_v2.types import ListLogEntriesRequest

    request = ListLogEntriesRequest(
        resource_names=[f"projects/{project}"], filter=wanted, order_by=order, page_size=PAGE, page_token=token
    )
    client = calls.clients.logs
    return next(iter(calls.ask("list_log_entries", client.list_log_entries, request, doing).pages))


@dataclass(slots=True)
class RevisionLog:
    """The entries as lines, all that were read so far, oldest first."""

    entries: Entries
    lines: list[LogLine] = field(default_factory=list)
    _ends_read: set[str] = field(default_factory=set)

    @property
    def cut(self) -> bool:
        """Whether the log has more lines than were read."""
        return self.entries.cut

    def read(self, *, whole: bool = False) -> list[LogLine]:
        """The lines that are new: of a flood how it goes on and how it stands. Raises ApiError.

        `whole`: also those that came so late that others of a later time were read before, and of a flood those before
        each of the container's first ends.
        """
        new = [] if whole and self.lines else self._add(self.entries.new(self.entries.read()))
        if self.entries.cut or whole:
            new += self._add(self.entries.latest())
        if whole and self.cut:
            new += self._add(self.entries.of_platform())
            for end in self._ends():
                if end.at is not None and end.id not in self._ends_read:
                    new += self._add(self.entries.latest(end.at))
                    self._ends_read.add(end.id)
        return new

    def _add(self, entries: list[LogEntry]) -> list[LogLine]:
        new = [line_of(entry) for entry in entries]
        self.lines = sorted([*self.lines, *new], key=_time) if new else self.lines
        return new

    def _ends(self) -> list[LogLine]:
        from deploy_lib.diagnose.crash_loop import exit_code  # not at the top: most commands read no log

        ends = (line for line in self.lines if line.source is LogSource.SYSTEM and exit_code(line.text) is not None)
        return list(islice(ends, ENDS_READ))


def _time(line: LogLine) -> datetime:
    return line.at or datetime.min.replace(tzinfo=UTC)


def line_of(entry: LogEntry) -> LogLine:
    """A log entry as text with its time, its log and its severity."""
    log = entry.log_name.rpartition("/logs/")[2].replace("%2F", "/")
    request = entry.http_request if "http_request" in entry else None
    return LogLine(
        at=plain_time(entry.timestamp),
        text=_text(entry),
        source=_SOURCES.get(log, LogSource.STDERR if entry.severity >= 500 else LogSource.STDOUT),
        severity=_RANKS.get(int(entry.severity), "DEFAULT"),
        revision=entry.resource.labels.get("revision_name") or entry.labels.get(_EXECUTION, ""),
        id=entry.insert_id,
        status=int(request.status) if request is not None and request.status else None,
    )


def _text(entry: Any) -> str:
    if "json_payload" in entry:
        payload = entry.json_payload
        try:
            from google.protobuf.json_format import MessageToDict

            found = MessageToDict(type(entry).pb(entry).json_payload)
        except (TypeError, ValueError):
            return str(payload)
        return json.dumps(found, ensure_ascii=False)
    if "http_request" in entry and not entry.text_payload:
        asked = entry.http_request
        return f"{asked.request_method} {asked.request_url} {asked.status}"
    return str(entry.text_payload)
