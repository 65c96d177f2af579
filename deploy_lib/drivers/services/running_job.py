"""An execution that was started or found again: how far it is, what it writes, and its end before its time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.log_follower import LogFollower
from deploy_lib.drivers.logs import line_of
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.job_api import JobApi
from deploy_lib.drivers.services.traffic import short
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.answers import JobSeen, JobState
from deploy_lib.model.evidence import LogLine, LogSource

if TYPE_CHECKING:
    from google.cloud import run_v2

CANCELLED_WITHIN = 60.0
"""Seconds for an execution to end that is to: a container has 10 s (https://cloud.google.com/run/docs/container-contract)."""
_KEPT = 50  # lines of a log
_TASK = "run.googleapis.com/task_index"
"""Label of a line (https://cloud.google.com/run/docs/logging#viewing-logs-job)."""
_PLAIN = ("DEFAULT", "DEBUG", "INFO", "NOTICE")
"""Severities of the platform's lines that say only that the container began and ended."""


@dataclass(slots=True)
class RunningJob:
    """An execution that was started or found again, and its log as far as it was read."""

    context: ServiceContext
    api: JobApi
    name: str  # of the execution
    undo: bool
    follower: LogFollower
    lines: list[LogLine] = field(default_factory=list)
    over: bool = False
    _tasks: dict[str, str] = field(default_factory=dict)  # the index of the task that wrote a line, by the line's id

    def look(self, tell: Tell) -> JobSeen:
        """How far it is; `tell` gets the lines that are new. Raises DriverError."""
        found = self.api.execution(self.name)
        state = JobState.GONE if found is None else state_of(found)
        fresh = self._listen(tell, to_its_end=state.is_over)
        code, message, tasks, lines, self.over = None, "", "", self.lines, state.is_over
        if self.over:
            self.follower.stop()
        if found is not None and self.over:
            (code, task), message = self._first_failure(), _message(found)
            if found.task_count > 1 and found.failed_count:
                tasks = f"{found.failed_count} of {found.task_count} tasks failed"
                lines = [each for each in lines if self._tasks.get(each.id, task) == task]
        kept = tuple(lines[-_KEPT:])
        return JobSeen(short(self.name), state, code, message, kept, fresh, undo=self.undo, tasks=tasks)

    def cancel(self, tell: Tell) -> JobSeen:
        """Ends it, and waits for that. Raises DriverError where it does not end."""
        try:
            self.api.cancel(self.name)
        except ApiError as problem:
            if problem.code not in (StatusCode.FAILED_PRECONDITION, StatusCode.NOT_FOUND):
                raise  # else it ended by itself meanwhile
        seen = self.look(tell)
        for _ in polls(self.context.clock, CANCELLED_WITHIN):
            if seen.state.is_over:
                return seen
            seen = self.look(tell)
        raise DriverError(
            f"{short(self.name)} was cancelled and has not ended after {CANCELLED_WITHIN:.0f} s",
            "see what it does before the release goes on",
        )

    def _listen(self, tell: Tell, *, to_its_end: bool) -> bool:
        """Whether there were lines. Not being able to read them costs the words of a verdict, not the verdict."""
        found = self.follower.take()
        if to_its_end:
            with contextlib.suppress(DriverError):
                found += self.context.logs.read(self.follower.entries.latest)
        for words in self.follower.messages():
            tell(words)
        self._tasks |= {entry.insert_id: entry.labels.get(_TASK, "") for entry in found}
        new = sorted((line_of(entry) for entry in found), key=lambda line: line.at.timestamp() if line.at else 0.0)
        for line in new:
            if line.source is not LogSource.SYSTEM or line.severity not in _PLAIN:
                tell(line.text[:300])
        self.lines += new
        return bool(new)

    def _first_failure(self) -> tuple[int | None, str]:
        """The exit code of the first task that failed, else of the first one, and the task's index. A signal counts as
        shells count it. None where it may not be read."""
        with contextlib.suppress(DriverError):
            tasks = [(each.last_attempt_result, str(each.index)) for each in self.api.tasks(self.name)]
            codes = [(128 + end.term_signal if end.term_signal else end.exit_code, index) for end, index in tasks]
            return next((each for each in codes if each[0]), next(iter(codes), (None, "")))
        return None, ""


def state_of(found: run_v2.Execution) -> JobState:
    """Of its condition Completed, https://cloud.google.com/run/docs/reference/rest/v2/Condition."""
    completed = next((each for each in found.conditions if each.type_ == "Completed"), None)
    ended = completed is not None and completed.state.name in ("CONDITION_SUCCEEDED", "CONDITION_FAILED")
    if not (ended or plain_time(found.completion_time)):
        return JobState.RUNNING
    if completed is not None and completed.state.name == "CONDITION_SUCCEEDED":
        return JobState.SUCCEEDED
    cancelled = (
        completed is not None and "execution_reason" in completed and completed.execution_reason.name == "CANCELLED"
    )
    return JobState.CANCELLED if cancelled or found.cancelled_count else JobState.FAILED


def _message(found: run_v2.Execution) -> str:
    completed = next((each for each in found.conditions if each.type_ == "Completed"), None)
    text = " ".join(completed.message.split())[:300] if completed is not None else ""
    return text.rpartition(" failed with message: ")[2]  # of a task's sentence: there is one task
