"""Looks after a candidate in a separate thread, while it is asked or has traffic.

The project's one reader of logs brings the entries; nothing here waits for it. Real
requests are read from the request log, which is seconds old. It counts only after it has shown our requests: many
projects keep request logs out of it, and then it is empty and looks like a service without requests. Else Cloud
Monitoring's figures are taken, which are minutes old; else nothing can be said of real requests, and why is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from deploy_lib.drivers import metrics
from deploy_lib.drivers.crashes import Crashes
from deploy_lib.drivers.interface import Clock, DriverError, Interrupted, Tell
from deploy_lib.drivers.log_follower import LogFollower
from deploy_lib.drivers.logs import PAGE, Entries, line_of
from deploy_lib.drivers.paced_reader import PacedReader
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.drivers.request_log import RequestTally
from deploy_lib.model.answers import MONITORING, REQUEST_LOG, Side, Watched
from deploy_lib.model.release import Release
from deploy_lib.model.requests import Readers
from deploy_lib.steps.real_requests import without_own

PAGES = 3
"""Pages of the request log per reading; a service with more requests than that is counted by Cloud Monitoring."""
_TICK = 0.1
_ENDS_WITHIN = 1.0
REQUESTS, SYSTEM = "run.googleapis.com%2Frequests", "run.googleapis.com%2Fvarlog%2Fsystem"


@dataclass(frozen=True, slots=True)
class RevisionHealth:
    """Why a revision has failed, how its containers ended, and whether its users stay with it (session affinity)."""

    failed: str | None = None
    ends: tuple[str, ...] = ()
    sticky: bool = False


@dataclass(slots=True)
class TrafficWatcher:
    """Use it as a context manager. `users`: also count real requests, the stable revision's from `earlier` on.

    How long they took counts from `warm` on.
    """

    calls: Calls
    logs: ProjectLog
    clock: Clock
    release: Release
    condition: Callable[[], RevisionHealth]
    since: datetime
    readers: Readers
    users: bool
    earlier: datetime
    warm: datetime
    metrics_pause: float
    failed: str | None = None
    ends: tuple[str, ...] = ()
    sticky: bool = False
    _pending_lines: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _broken: Exception | None = None
    _asked_since: float | None = None  # when the first of our requests had been answered
    _figures: tuple[Side, Side, Side] | None = None  # Monitoring's: candidate, stable, stable earlier
    _system: LogFollower = field(init=False)
    _log: LogFollower = field(init=False)  # of requests; where none are counted, the same as the platform's
    _metrics: PacedReader = field(init=False)
    _entries: tuple[Entries, ...] = field(init=False)  # of both
    _tally: RequestTally = field(init=False)
    _crashes: Crashes = field(init=False)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        service, names = self.release.service, [self.release.candidate or ""]
        if self.users and self.release.stable:
            names.append(self.release.stable)
        start = self.earlier if self.users else self.since
        # Each log is followed for itself: readings of a flood of requests may never come to what the platform says.
        self._entries = tuple(
            Entries(self.calls, service, tuple(names), start, (log,), PAGES * PAGE)
            for log in (SYSTEM, *([REQUESTS] if self.users else []))
        )
        self._tally, self._crashes = RequestTally(self.since, self.warm), Crashes(self.since)
        self._metrics = PacedReader(self.metrics_pause)
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)

    def __enter__(self) -> TrafficWatcher:
        self._system, *others = [self.logs.follow(each) for each in self._entries]
        self._log = others[0] if others else self._system
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for each in (self._system, self._log):
            each.stop()
        self._thread.join(_ENDS_WITHIN)

    # What whoever waits reads

    def seen(self, own: Side, own_stable: Side, tell: Tell) -> Watched:
        """What is known of real requests by now; `own` are ours that were answered, to each revision."""
        with self._lock:
            lines, self._pending_lines = self._pending_lines, []
            if self._broken is not None:
                raise self._broken
            if own.requests and self._asked_since is None:
                self._asked_since = self.clock.monotonic()
            for line in lines:
                tell(line)
            return self._counted(own, own_stable)

    def has_shown(self, own: Side, waited: float) -> bool:
        """Whether the reader that counts has shown all of our requests, or will not, `waited` seconds after."""
        if not self.users or not own.requests:
            return True
        if not waited:
            self._log.hasten()
        with self._lock:
            shown, known = self._shown(), self._figures[0].requests if self._figures else 0
            if self._broken is not None or self.failed or shown >= own.requests:
                return True
            if shown and not self._is_cut:
                return waited >= self.readers.log_within or self._log.for_good
            if known >= own.requests or (self._log.for_good and self._metrics.for_good):
                return True
            if self._metrics.for_good:
                return waited >= self.readers.log_within
            return waited >= self.readers.log_within + self.readers.metrics_within

    @property
    def _is_cut(self) -> bool:
        """There are more requests than are read."""
        return self._entries[-1].cut

    def _shown(self) -> int:
        return self._tally.own.get(self.release.candidate or "", 0)

    def _counted(self, own: Side, own_stable: Side) -> Watched:
        if not self.users:
            return Watched(0.0)
        candidate, stable = self.release.candidate or "", self.release.stable or ""
        if self._shown() and not (self._is_cut and self._figures):
            tally = self._tally
            return Watched(
                0.0,
                REQUEST_LOG,
                users=tally.users(candidate),
                beside=tally.users(stable),
                earlier=tally.earlier(stable),
            )
        if self._figures:
            users, beside, earlier = self._figures
            return Watched(
                0.0, MONITORING, users=without_own(users, own), beside=without_own(beside, own_stable), earlier=earlier
            )
        return Watched(0.0, blind=self._why_blind(own))

    def _why_blind(self, own: Side) -> str:
        if not own.requests:
            return "none of our own requests was answered, which would show that they can be"
        log = self._log.gap or f"none of our own {own.requests} requests is in the request log (is it excluded?)"
        figures = self._metrics.gap or "Cloud Monitoring shows none either"
        return f"{log}, and {figures}"

    # The thread

    def _run(self) -> None:
        next_condition = 0.0
        try:
            while not self._stop.is_set():
                now = self.clock.monotonic()
                if now >= next_condition:
                    self._look()
                    next_condition = self.clock.monotonic() + 1.0
                self._take_log()
                if self._needs_metrics(now) and self._metrics.is_due(now):
                    self._tell(self._metrics.read(self.clock, self._read_metrics))
                self.clock.sleep(_TICK)
        except Interrupted:  # whoever waits gets it, too
            pass
        except Exception as problem:  # the thread has no one else to tell
            if not self._stop.is_set():
                self._broken = problem

    def _look(self) -> None:
        """What cannot be found out does not count as a failure."""
        try:
            found = self.condition()
        except DriverError:
            return
        self.failed, self.sticky = self.failed or found.failed, found.sticky

    def _take_log(self) -> None:
        followers = [self._system] if self._log is self._system else [self._system, self._log]
        entries = [entry for each in followers for entry in each.take()]
        for message in dict.fromkeys(message for each in followers for message in each.messages()):
            self._tell(message)
        if not entries:
            return
        with self._lock:
            for entry in entries:
                if entry.log_name.endswith(REQUESTS):
                    self._tally.add(entry)
                elif entry.resource.labels.get("revision_name") == self.release.candidate:
                    self._crashes.lines.append(line_of(entry))
            self.ends = self._crashes.ends()

    def _needs_metrics(self, now: float) -> bool:
        if not self.users:
            return False
        late = self._asked_since is not None and now - self._asked_since >= self.readers.log_within
        return bool(self._log.gap) or self._is_cut or (late and not self._shown())

    def _read_metrics(self) -> None:
        service, until = self.release.service, self.clock.now()
        candidate, stable = self.release.candidate or "", self.release.stable

        def count(revision: str | None, since: datetime, until: datetime) -> Side:
            warm = self.warm if since == self.since else since
            found = metrics.requests_of(self.calls, service, revision, since, until, warm) if revision else None
            return found or Side()

        found = count(candidate, self.since, until)
        if not found.requests:
            return
        earlier = count(stable, self.earlier, self.since) if self.earlier < self.since else Side()
        figures = found, count(stable, self.since, until), earlier
        with self._lock:
            self._figures = figures

    def _tell(self, text: str) -> None:
        if text:
            with self._lock:
                self._pending_lines.append(text)
