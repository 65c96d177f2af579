"""Waiting for a revision to come up, with its log open: most that fail say why long before Cloud Run gives up.

The revision's own conditions decide. The operation's code does not (the same failed start has ended with code 9 and
with code 13), it only adds its words. A failure that no waiting can change ends the wait at its second occurrence,
or a few seconds after the first where the image alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from deploy_lib.diagnose import SURE_AFTER, startup_verdict
from deploy_lib.diagnose.platform import START_REASONS
from deploy_lib.drivers.conditions import conditions_of, ready
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.logs import QUOTA_PAUSE, Entries, RevisionLog, is_quota
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.template import main_container, startup_limit
from deploy_lib.drivers.services.tools import Tools
from deploy_lib.model.evidence import Condition, Evidence, bounded
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud import run_v2
    from google.longrunning.operations_pb2 import Operation

LAG = 3.0
"""Seconds that the words which explain a condition may come after it."""


@dataclass(frozen=True, slots=True)
class Waited:
    ready: bool
    evidence: Evidence
    failed_early: bool = False
    timed_out: bool = False


@dataclass(slots=True)
class Waiting:
    """`since` is a time before the revision was asked for; `operation` is None when nothing was written."""

    tools: Tools
    service: Service
    revision: str
    operation: str | None
    since: datetime
    gaps: list[str] = field(default_factory=list)
    ended: Operation | None = None
    found: run_v2.Revision | None = None
    conditions: tuple[Condition, ...] = ()
    quiet_until: float = 0.0  # the log is not read before, by the monotonic clock
    suspected: float | None = None  # when a failure was first seen that no waiting can change

    def until_ready(self, within: float, tell: Tell) -> Waited:
        log = self.log()
        next_look, told = 0.0, 0.0
        for waited in polls(self.tools.clock, within):
            self._look()
            summary = ready(self.conditions)
            if summary is not None and summary.state == "CONDITION_SUCCEEDED":
                return Waited(True, self.evidence(log))
            if self._is_over(summary):
                self._last_words(log, tell)
                return Waited(False, self.evidence(log))
            if waited >= next_look:
                next_look = waited + _pause_between_readings(waited)
                self._listen(log, tell)
                if self._cannot_start(log, waited):
                    return Waited(False, self.evidence(log), failed_early=True)
            if waited - told >= 10:
                told = waited
                tell(f"{self.revision} is not ready yet after {waited:.0f} s")
        self._listen(log, tell)
        return Waited(False, self.evidence(log), timed_out=True)

    def log(self) -> RevisionLog:
        return RevisionLog(Entries(self.tools.calls, self.service, (self.revision,), self.since))

    def evidence(self, log: RevisionLog) -> Evidence:
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
            gaps=(*self.gaps, *cut),
            startup_limit=startup_limit(container) if container is not None else None,
        )

    def gather(self) -> Evidence:
        """Everything that is known now, without waiting. What cannot be read is a gap."""
        log = self.log()
        try:
            self._look()
            if self.found is None:
                self.gaps.append(f"the revision {self.revision} does not exist")
        except DriverError as problem:
            self.gaps.append(problem.reason)
        self._listen(log, lambda text: None)
        return self.evidence(log)

    def _look(self) -> None:
        self.found = self.tools.api.revision(self.service.path, self.revision)
        self.conditions = conditions_of(self.found.conditions) if self.found is not None else ()
        self._ask_operation()

    def _ask_operation(self) -> None:
        """Not being allowed to read it costs its words only: conditions decide."""
        if not self.operation or self.ended is not None:
            return
        try:
            operation = self.tools.api.operation(self.operation)
        except ApiError as error:
            self.gaps.append(error.reason)
            self.operation = None
            return
        self.ended = operation if operation is not None and operation.done else None

    def _is_over(self, summary: Condition | None) -> bool:
        if summary is not None and summary.state == "CONDITION_FAILED":
            return True
        refused = self.ended is not None and bool(self.ended.error.code)
        return refused and (self.found is None or not self.found.reconciling)

    def _cannot_start(self, log: RevisionLog, waited: float) -> bool:
        """Whether more waiting can change nothing: it failed alike twice, or once for good and nothing since."""
        entrypoint = self.service.entrypoint
        if startup_verdict(log.lines, self.conditions, entrypoint) is not None:
            return True
        if startup_verdict(log.lines, self.conditions, entrypoint, enough=1) is None:
            self.suspected = None
            return False
        self.suspected = waited if self.suspected is None else self.suspected
        return waited - self.suspected >= SURE_AFTER

    def _listen(self, log: RevisionLog, tell: Tell) -> None:
        """Not reading the log costs the diagnosis, not the release."""
        now = self.tools.clock.monotonic()
        if now < self.quiet_until:
            return
        try:
            new = log.read()
        except DriverError as problem:
            if is_quota(problem):
                self.quiet_until = now + QUOTA_PAUSE
                tell(f"{problem.reason}; not read again for {QUOTA_PAUSE:.0f} s")
            if problem.reason not in self.gaps:
                self.gaps.append(problem.reason)
            return
        for line in new:
            if line.source == "system":
                tell(line.text[:300])

    def _last_words(self, log: RevisionLog, tell: Tell) -> None:
        """The operation's error and the log's lines may come a moment after the condition.

        Lines are waited for only where a container was started at all: other reasons say everything themselves.
        """
        started = all(each.reason in START_REASONS for each in self.conditions if each.state == "CONDITION_FAILED")
        for _ in polls(self.tools.clock, LAG):
            self._ask_operation()
            self._listen(log, tell)
            if (self.ended is not None or not self.operation) and (log.lines or self.gaps or not started):
                return


def _pause_between_readings(waited: float) -> float:
    """Seconds. Most failures come early, and a project may read its logs 60 times a minute."""
    return 0.5 if waited < 5 else 1.0 if waited < 15 else 3.0
