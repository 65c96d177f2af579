"""Carries out one execution: its tasks side by side, each tried again until it succeeds or may not any more."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from google.cloud.run_v2.types import Execution, Task, TaskAttemptResult

from ...engines.model import Engine
from ..run.instances.instance_spec import Say
from . import conditions
from .attempt import Ended, Provided, attempt, spec_of
from .names import JobName
from .store import ExecutionRecord

_MOST_AT_ONCE = 8  # whatever parallelism says: they share one machine
_SIGNAL, _CODES = 128, {"cancelled": 1, "timeout": 4, "failed": 2}  # google.rpc.Code

SayOf = Callable[[int, int], Say]
"""What takes the lines of a task's try."""


@dataclass(frozen=True, slots=True)
class ExecutionRunner:
    engine: Engine
    lock: threading.RLock
    now: Callable[[], datetime.datetime]

    def run(self, name: JobName, record: ExecutionRecord, provided: Provided, say: SayOf) -> None:
        """Blocks until every task has ended."""
        with self.lock:
            execution = record.execution
            execution.start_time = self.now()
            going = conditions.condition(conditions.COMPLETED, conditions.RUNNING, self.now())
            execution.conditions = conditions.all_of(going, True, self.now())
        together = min(execution.parallelism or execution.task_count, _MOST_AT_ONCE)
        with ThreadPoolExecutor(together, thread_name_prefix=f"task-{name.execution}") as pool:
            list(pool.map(lambda task: self._task(name, record, task, provided, say), record.tasks))

    def _task(self, name: JobName, record: ExecutionRecord, task: Task, provided: Provided, say: SayOf) -> None:
        template, execution = record.execution.template, record.execution
        ended = Ended(conditions.WAS_CANCELLED, cancelled=True)
        with self.lock:
            execution.running_count += 1
            task.start_time = self.now()
        for number in range(template.max_retries + 1):
            if record.cancelled.is_set():
                break
            spec = spec_of(template, name, task.index, number, execution.task_count, provided)
            reason = "Starting new instance. Reason: NEW_INSTANCE - Instance started for a task of the execution."
            timeout = template.timeout.total_seconds()
            ended = attempt(self.engine, spec, timeout, record.cancelled, say(task.index, number), reason)
            with self.lock:
                task.last_attempt_result = _result(ended)
                if not ended.why or ended.cancelled or number == template.max_retries:
                    break
                task.retried += 1
                execution.retried_count += 1
        with self.lock:
            self._end_task(execution, task, ended)

    def _end_task(self, execution: Execution, task: Task, ended: Ended) -> None:
        now = self.now()
        execution.running_count -= 1
        if not ended.why:
            execution.succeeded_count += 1
            found = conditions.condition(conditions.COMPLETED, conditions.SUCCEEDED, now)
        elif ended.cancelled:
            execution.cancelled_count += 1
            found = conditions.condition(conditions.COMPLETED, conditions.FAILED, now, ended.why, conditions.CANCELLED)
        else:
            execution.failed_count += 1
            found = conditions.condition(conditions.COMPLETED, conditions.FAILED, now, ended.why, conditions.NON_ZERO)
        task.completion_time = task.update_time = now
        task.conditions = conditions.all_of(found, True, now)
        task.reconciling = False


def verdict(name: JobName, record: ExecutionRecord, now: datetime.datetime) -> str | None:
    """Sets the end of an execution whose tasks have ended; the sentence of its failure, None for success."""
    execution = record.execution
    failed = next(
        (each for each in record.tasks if each.last_attempt_result.status.message and not record.cancelled.is_set()),
        None,
    )
    if record.cancelled.is_set():
        message, reason = conditions.WAS_CANCELLED, conditions.CANCELLED
    elif execution.failed_count and failed is not None:
        short = failed.name.rpartition("/")[2]
        message, reason = conditions.task_failed(short, failed.last_attempt_result.status.message), conditions.NON_ZERO
    else:
        message, reason = "", None
    state = conditions.FAILED if message else conditions.SUCCEEDED
    completed = conditions.condition(conditions.COMPLETED, state, now, message, reason)
    execution.conditions = conditions.all_of(completed, True, now)
    execution.completion_time = execution.update_time = now
    execution.reconciling, execution.observed_generation = False, execution.generation
    return message or None


def _result(ended: Ended) -> TaskAttemptResult:
    """What the last try came to, as google.rpc.Status and as the process ended."""
    if not ended.why:
        return TaskAttemptResult(exit_code=0)
    kind = "cancelled" if ended.cancelled else "timeout" if ended.why == conditions.TIMED_OUT else "failed"
    found = TaskAttemptResult(status={"code": _CODES[kind], "message": ended.why})
    if (ended.code or 0) > _SIGNAL:
        found.term_signal = (ended.code or 0) - _SIGNAL
    else:
        found.exit_code = ended.code or 0
    return found
