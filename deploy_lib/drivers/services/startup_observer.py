"""Looking at a revision as it comes up, with its log open: most that fail say why long before Cloud Run gives up.

The revision's own conditions decide. The operation's code does not (the same failed start has ended with code 9 and
with code 13), it only adds its words. A failure that no waiting can change ends the wait at its second occurrence,
or a few seconds after the first where the image alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from deploy_lib.diagnose.platform import START_REASONS
from deploy_lib.diagnose.verdict import startup_verdict, tells_why
from deploy_lib.drivers.conditions import conditions_of, ready
from deploy_lib.drivers.errors import ApiError, is_quota
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.logs import Entries, RevisionLog
from deploy_lib.drivers.project_log import not_read_for
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.template import main_container, startup_limit
from deploy_lib.model.answers import Start, Starting
from deploy_lib.model.evidence import Condition, Evidence, LogSource, bounded
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud import run_v2
    from google.longrunning.operations_pb2 import Operation
TELL_EVERY = 10.0  # seconds between two lines that say that it takes its time


@dataclass(slots=True)
class StartupObserver:
    """`since` is a time before the revision was asked for; `operation` is None when nothing was written."""

    context: ServiceContext
    service: Service
    revision: str
    operation: str | None
    since: datetime
    gaps: list[str] = field(default_factory=list)
    ended: Operation | None = None
    found: run_v2.Revision | None = None
    conditions: tuple[Condition, ...] = ()
    quiet_until: float = 0.0  # the log is not read before, by the monotonic clock
    began: float | None = None  # when it was first looked at
    next_reading: float = 0.0  # of the log, in seconds from there
    failed_at: float | None = None  # likewise
    log_gap: str = ""  # why the log was not read the last time
    reported_at: float = 0.0
    fresh: int = 0  # lines that the last reading of the log brought
    asked_why: bool = False  # it was said that later lines are waited for
    log: RevisionLog = field(init=False)

    def look(self, tell: Tell) -> Starting:
        """How far it is now. The log is read now and then only, and always once it has failed."""
        now = self.context.clock.monotonic()
        self.began = now if self.began is None else self.began
        waited = now - self.began
        if self.failed_at is not None and waited < self.next_reading:
            return Starting(Start.FAILED, unread=now < self.quiet_until)
        self._look()
        summary = ready(self.conditions)
        if summary is not None and summary.succeeded:
            return Starting(Start.READY)
        if self._is_over(summary):
            self.failed_at = waited if self.failed_at is None else self.failed_at
            self.next_reading = waited + _pause_after_failure(waited - self.failed_at)
            self._listen(tell, whole=True)
            explained = self._is_explained(tell)
            unread = not explained and self.context.clock.monotonic() < self.quiet_until
            return Starting(Start.FAILED, explained=explained, unread=unread)
        if waited >= self.next_reading and self.context.logs.has_room:
            self.next_reading = waited + _pause_between_readings(waited)
            self._listen(tell)
        if waited - self.reported_at >= TELL_EVERY:
            self.reported_at = waited
            tell(f"{self.revision} is not ready yet after {waited:.0f} s")
        return self._failing()

    def __post_init__(self) -> None:
        self.log = RevisionLog(Entries(self.context.calls, self.service, (self.revision,), self.since))

    def evidence(self) -> Evidence:
        """What was seen so far, for a diagnosis; nothing more is read."""
        log = self.log
        container = main_container(self.found) if self.found is not None else None
        cut = ["the log has more lines than were read"] if log.cut else []
        lines, left_out = bounded(log.lines)
        if left_out:
            cut.append(f"{left_out} lines in the middle of the log are left out")
        return Evidence(
            conditions=self.conditions,
            log=lines,
            operation_code=self.ended.error.code if self.ended is not None and self.ended.error.code else None,
            operation_message=self.ended.error.message if self.ended is not None else "",
            service_account=(self.found.service_account or None) if self.found is not None else None,
            memory_limit=container.resources.limits.get("memory") if container is not None else None,
            port=container.ports[0].container_port if container is not None and container.ports else None,
            gaps=(*self.gaps, *([self.log_gap] if self.log_gap else []), *cut),
            startup_limit=startup_limit(container) if container is not None else None,
        )

    def gather(self) -> Evidence:
        """Everything that is known now, without waiting. What cannot be read is a gap."""
        try:
            self._look()
            if self.found is None:
                self.gaps.append(f"the revision {self.revision} does not exist")
        except DriverError as problem:
            self.gaps.append(problem.reason)
        self._listen(lambda text: None, whole=True)
        return self.evidence()

    def _look(self) -> None:
        self.found = self.context.api.revision(self.service.path, self.revision)
        self.conditions = conditions_of(self.found.conditions) if self.found is not None else ()
        self._ask_operation()

    def _ask_operation(self) -> None:
        """Not being allowed to read it costs its words only: conditions decide."""
        if not self.operation or self.ended is not None:
            return
        try:
            operation = self.context.api.operation(self.operation)
        except ApiError as error:
            self.gaps.append(error.reason)
            self.operation = None
            return
        self.ended = operation if operation is not None and operation.done else None

    def _is_over(self, summary: Condition | None) -> bool:
        if summary is not None and summary.failed:
            return True
        refused = self.ended is not None and bool(self.ended.error.code)
        return refused and (self.found is None or not self.found.reconciling)

    def _failing(self) -> Starting:
        """How often it failed in a way that another try cannot mend."""
        lines, entrypoint = self.log.lines, self.service.entrypoint
        cause = startup_verdict(lines, self.conditions, entrypoint)
        if cause is None:
            once = startup_verdict(lines, self.conditions, entrypoint, enough=1) is not None
            return Starting(Start.STARTING, alike=int(once))
        if cause.frequency is None:
            return Starting(Start.STARTING, hopeless=True)
        return Starting(Start.STARTING, alike=cause.frequency.count)

    def _listen(self, tell: Tell, *, whole: bool = False) -> None:
        """Not reading the log costs the diagnosis, not the release. `whole`: lines that come late are read too."""
        now = self.context.clock.monotonic()
        if now < self.quiet_until:
            return
        try:
            new = self.context.logs.read(partial(self.log.read, whole=whole))
        except DriverError as problem:
            if is_quota(problem):
                self.quiet_until = self.context.logs.closed_until
                tell(f"{problem.reason}{not_read_for(self.quiet_until - now)}")
            self.log_gap = problem.reason
            return
        self.fresh, self.log_gap = len(new), ""
        for line in new:
            if line.source == LogSource.SYSTEM:
                tell(line.text[:300])

    def _is_explained(self, tell: Tell) -> bool:
        """Whether the operation's error and the log's lines are there: they may come long after the condition.

        Lines are waited for only where a container was started at all (other reasons say everything themselves), and
        until they say more than that it ended: those of its standard error may be later than the platform's.
        """
        operation_answered = self.ended is not None or not self.operation
        started = all(each.reason in START_REASONS for each in self.conditions if each.failed)
        if started and self.log_gap and self.quiet_until > self.context.clock.monotonic():
            return False
        if self.gaps or self.log_gap or not started:
            return operation_answered
        if self.fresh or not self.log.lines:
            return False
        if tells_why(self.log.lines, self.service.entrypoint, self.conditions):
            return operation_answered
        if not self.asked_why:
            self.asked_why = True
            tell("the container failed and its log does not say why; lines that come late are waited for")
        return False


def _pause_after_failure(waited: float) -> float:
    """Seconds: most logs are whole at once."""
    return 0.2 if waited < 1 else _pause_between_readings(waited)


def _pause_between_readings(waited: float) -> float:
    """Seconds. Most failures come early, and a project may read its logs 60 times a minute."""
    return 0.5 if waited < 5 else 1.0 if waited < 15 else 3.0
