"""What goes on after a request was answered: a job settles, an execution runs, executions are cancelled. Each is an
operation and a thread of its own."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from google.cloud.run_v2.types import Condition, Execution, ExecutionReference, Job
from google.longrunning.operations_pb2 import Operation

from ...worker import explain, start_worker
from ..run.instances.instance_spec import Say
from ..run.operations import INTERNAL, Operations
from . import change, conditions
from .names import JobName
from .preparation import NotPrepared, Preparation
from .runner import ExecutionRunner, verdict
from .store import ExecutionRecord, JobRecord, JobStore, copied

Lines = Callable[[JobName, int, int], Say]
"""What takes the lines of a task's try, by the names of job and execution, the task's index and the try's number."""
_Status = ExecutionReference.CompletionStatus
RUNNING = _Status(_Status.EXECUTION_RUNNING)
_SUCCEEDED, _FAILED = _Status(_Status.EXECUTION_SUCCEEDED), _Status(_Status.EXECUTION_FAILED)
_CANCELLED = _Status(_Status.EXECUTION_CANCELLED)


@dataclass(frozen=True, slots=True)
class JobsWork:
    store: JobStore
    operations: Operations
    preparation: Preparation
    lines: Lines
    now: Callable[[], datetime.datetime]

    def settle(self, record: JobRecord, before: Condition) -> Operation:
        """Hold the store's lock. The job that was just written is ready soon, or one of its images is not there.

        `before` was its Ready.
        """
        job = record.job
        operation = self.operations.begin(record.name.parent, Job.pb(copied(job)), lambda: Job.pb(self._copied(record)))

        def work() -> None:
            failure = self.preparation.missing_image(job.template.template)
            message, reason = (failure.message, failure.reason) if failure else ("", None)
            with self.store.lock:
                if record.job is job:
                    record.job = change.settled(job, before, self.now(), message, reason)
            self.operations.end(operation.name, message or None)

        start_worker(work, f"job-{record.name.job}", lambda error: self._fail(operation.name, error))
        return operation

    def start(self, record: JobRecord, name: JobName, begun: ExecutionRecord) -> Operation:
        operation = self.operations.begin(
            name.parent, Execution.pb(self._copied(begun)), lambda: Execution.pb(self._copied(begun))
        )

        def work() -> None:
            failure = self._carried_out(name, begun)
            with self.store.lock:
                ended = _SUCCEEDED if failure is None else _FAILED
                refer(record, begun, _CANCELLED if begun.cancelled.is_set() else ended)
                begun.ended.set()
            self.operations.end(operation.name, failure)

        def fail(error: Exception) -> None:
            begun.ended.set()
            self._fail(operation.name, error)

        start_worker(work, f"run-{name.execution}", fail)
        return operation

    def cancel(
        self, records: list[ExecutionRecord], parent: str, accepted: object, ended: Callable[[], object]
    ) -> Operation:
        """An operation that ends when these executions have; what it shows until then, and what makes its answer."""
        operation = self.operations.begin(parent, accepted, ended)

        def work() -> None:
            for record in records:
                record.cancelled.set()
            for record in records:
                record.ended.wait()
            self.operations.end(operation.name, None)

        start_worker(work, "cancel", lambda error: self._fail(operation.name, error))
        return operation

    def _carried_out(self, name: JobName, begun: ExecutionRecord) -> str | None:
        """The sentence of a failure; None for success."""
        runner = ExecutionRunner(self.preparation.engine, self.store.lock, self.now)
        try:
            provided = self.preparation.provide(name, begun.execution.template)
        except NotPrepared as error:
            with self.store.lock:
                now = self.now()
                completed = conditions.condition(conditions.COMPLETED, conditions.FAILED, now, str(error))
                begun.execution.conditions = conditions.all_of(completed, False, now)
                begun.execution.completion_time, begun.execution.reconciling = now, False
            return str(error)
        runner.run(name, begun, provided, lambda task, number: self.lines(name, task, number))
        with self.store.lock:
            return verdict(name, begun, self.now())

    def _copied(self, record: JobRecord | ExecutionRecord) -> Job | Execution:
        with self.store.lock:
            return copied(record.job) if isinstance(record, JobRecord) else copied(record.execution)

    def _fail(self, operation: str, error: Exception) -> None:
        self.operations.end(operation, explain(error), INTERNAL)


def refer(record: JobRecord, begun: ExecutionRecord, status: ExecutionReference.CompletionStatus) -> None:
    """The job names its newest execution. Hold the store's lock."""
    execution = begun.execution
    latest = record.job.latest_created_execution
    if latest.name not in ("", execution.name) and status != RUNNING:
        return
    record.job.latest_created_execution = ExecutionReference(
        name=execution.name,
        create_time=execution.create_time,
        completion_time=execution.completion_time,
        completion_status=status,
    )
