"""Cloud Run v2's jobs as a service, free of the wire: requests come in as the client library's messages, refusals
leave as RunRefusal. https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable

from google.cloud.run_v2 import types as run_v2
from google.cloud.run_v2.types import Condition, Execution, ExecutionReference, Job, Task
from google.longrunning.operations_pb2 import Operation

from ...engines.model import Engine, EngineError
from ...worker import explain, start_worker
from ..reach.reach import Reach
from ..registry.images import RegistryImages, RegistryRefusal
from ..run import requirements
from ..run.instances.instance_spec import Say
from ..run.names import ServiceName
from ..run.operations import INTERNAL, Operations, done
from ..run.refusal import RunRefusal, check_etag
from ..run.volumes import Volumes, open_volumes
from ..secrets.store import Secrets
from ..wire.caller import caller
from ..wire.pages import page
from ..wire.times import utc
from . import conditions, template
from .attempt import Provided
from .executions import begin
from .names import JobName, parse, parse_job
from .runner import ExecutionRunner, verdict
from .store import ExecutionRecord, JobRecord, JobStore, copied

Lines = Callable[[JobName, int, int], Say]
"""What takes the lines of a task's try, by the names of job and execution, the task's index and the try's number."""
_Status = ExecutionReference.CompletionStatus
_RUNNING, _SUCCEEDED = _Status(_Status.EXECUTION_RUNNING), _Status(_Status.EXECUTION_SUCCEEDED)
_FAILED, _CANCELLED = _Status(_Status.EXECUTION_FAILED), _Status(_Status.EXECUTION_CANCELLED)


class CloudRunJobs:
    """All methods may be called from any thread and raise RunRefusal."""

    def __init__(
        self,
        engine: Engine,
        images: RegistryImages,
        secrets: Secrets,
        lines: Lines,
        clock: Callable[[], float],
        reach: Reach,
    ) -> None:
        self._engine, self._images, self._secrets, self._lines, self._clock = engine, images, secrets, lines, clock
        self._store, self._operations = JobStore(), Operations()
        self._reach = reach
        self._runner = ExecutionRunner(engine, self._store.lock, self._now)

    # Jobs

    def create_job(self, request: run_v2.CreateJobRequest) -> Operation:
        name = parse_job(f"{request.parent}/jobs/{request.job_id}")
        with self._store.lock:
            if name.full_job in self._store.jobs:
                raise RunRefusal("ALREADY_EXISTS", f"Resource '{name.job}' already exists.")
            fresh = Job(name=name.full_job, uid=str(uuid.uuid4()), create_time=self._now(), creator=caller())
            return self._put(JobRecord(name, fresh), request.job, request.validate_only)

    def update_job(self, request: run_v2.UpdateJobRequest) -> Operation:
        name = parse_job(request.job.name)
        with self._store.lock:
            if name.full_job not in self._store.jobs and request.allow_missing:
                fresh = Job(name=name.full_job, uid=str(uuid.uuid4()), create_time=self._now(), creator=caller())
                return self._put(JobRecord(name, fresh), request.job, request.validate_only)
            record = self._store.job(name)
            check_etag(name.job, request.job.etag, record.job.etag)
            return self._put(record, request.job, request.validate_only)

    def get_job(self, request: run_v2.GetJobRequest) -> Job:
        with self._store.lock:
            return copied(self._store.job(parse_job(request.name)).job)

    def list_jobs(self, request: run_v2.ListJobsRequest) -> run_v2.ListJobsResponse:
        with self._store.lock:
            found = [copied(record.job) for record in self._store.below(parse(f"{request.parent}/jobs/-"))]
        shown, token = page(found, request.page_size, request.page_token)
        return run_v2.ListJobsResponse(jobs=shown, next_page_token=token)

    def locations(self, project: str) -> list[str]:
        """Where a project has jobs."""
        with self._store.lock:
            return sorted({each.name.location for each in self._store.jobs.values() if each.name.project == project})

    def delete_job(self, request: run_v2.DeleteJobRequest) -> Operation:
        """Its running executions are cancelled."""
        name = parse_job(request.name)
        with self._store.lock:
            record = self._store.job(name)
            check_etag(name.job, request.etag, record.job.etag)
            gone = copied(record.job)
            if request.validate_only:
                return done(Job.pb(gone), name.parent)
            del self._store.jobs[name.full_job]
        gone.delete_time = self._now()
        return self._after_cancelling(list(record.executions.values()), name.parent, Job.pb(gone))

    def run_job(self, request: run_v2.RunJobRequest) -> Operation:
        name = parse_job(request.name)
        with self._store.lock:
            record = self._store.job(name)
            check_etag(name.job, request.etag, record.job.etag)
            wanted = template.overridden(record.job.template, request.overrides)
            template.check(wanted)
            begun = begin(record.name, wanted, self._now())
            if request.validate_only:
                return done(Execution.pb(begun.execution), name.parent)
            within = parse(begun.execution.name)
            record.executions[within.execution] = begun
            record.job.execution_count += 1
            self._refer(record, begun, _RUNNING)
        return self._started(record, within, begun)

    # Executions and tasks

    def get_execution(self, request: run_v2.GetExecutionRequest) -> Execution:
        with self._store.lock:
            return copied(self._store.execution(request.name).execution)

    def list_executions(self, request: run_v2.ListExecutionsRequest) -> run_v2.ListExecutionsResponse:
        """Newest first. The job may be "-" for all of a location."""
        with self._store.lock:
            records = self._store.below(parse(request.parent))
            found = [copied(each.execution) for record in records for each in record.executions.values()]
        found.sort(key=lambda execution: execution.create_time, reverse=True)
        shown, token = page(found, request.page_size, request.page_token)
        return run_v2.ListExecutionsResponse(executions=shown, next_page_token=token)

    def cancel_execution(self, request: run_v2.CancelExecutionRequest) -> Operation:
        name = parse(request.name)
        with self._store.lock:
            record = self._store.execution(request.name)
            check_etag(name.execution, request.etag, record.execution.etag)
            if record.ended.is_set():
                raise RunRefusal("FAILED_PRECONDITION", f"Execution '{name.execution}' has completed already.")
            if request.validate_only:
                return done(Execution.pb(copied(record.execution)), name.parent)
        return self._after_cancelling([record], name.parent, None)

    def delete_execution(self, request: run_v2.DeleteExecutionRequest) -> Operation:
        name = parse(request.name)
        with self._store.lock:
            record = self._store.execution(request.name)
            check_etag(name.execution, request.etag, record.execution.etag)
            gone = copied(record.execution)
            if request.validate_only:
                return done(Execution.pb(gone), name.parent)
            for job in self._store.below(name):
                job.executions.pop(name.execution, None)
        gone.delete_time = self._now()
        return self._after_cancelling([record], name.parent, Execution.pb(gone))

    def get_task(self, request: run_v2.GetTaskRequest) -> Task:
        with self._store.lock:
            return copied(self._store.task(request.name))

    def list_tasks(self, request: run_v2.ListTasksRequest) -> run_v2.ListTasksResponse:
        with self._store.lock:
            found = [copied(task) for task in self._store.execution(request.parent).tasks]
        shown, token = page(found, request.page_size, request.page_token)
        return run_v2.ListTasksResponse(tasks=shown, next_page_token=token)

    def operation(self, name: str) -> Operation | None:
        """None when the name is not that of an operation of a job."""
        return self._operations.get(name)

    def operations(self, parent: str) -> list[Operation]:
        """Those of a project's location, the newest first."""
        return self._operations.below(parent)

    def close(self) -> None:
        """Ends every task that runs."""
        with self._store.lock:
            records = [each for job in self._store.jobs.values() for each in job.executions.values()]
        for record in records:
            record.cancelled.set()
        for record in records:
            record.ended.wait(_LAST_GRACE)

    # Within

    def _put(self, record: JobRecord, wanted: Job, validate_only: bool) -> Operation:
        """Hold the store's lock. At once it is pending, as recorded; then it is ready, or its image is not there."""
        job, now = copied(record.job), self._now()
        job.template, job.labels, job.annotations = wanted.template, wanted.labels, wanted.annotations
        job.client, job.client_version, job.launch_stage = wanted.client, wanted.client_version, wanted.launch_stage
        template.fill_in(job.template, record.name.project)
        template.check(job.template)
        job.generation, job.update_time, job.last_modifier = job.generation + 1, now, caller()
        job.etag, job.reconciling = f'"{uuid.uuid4().hex}"', True
        job.terminal_condition, job.conditions = Condition(state=conditions.PENDING), []
        if validate_only:
            return done(Job.pb(job), record.name.parent)
        record.job = job
        self._store.jobs[record.name.full_job] = record
        operation = self._operations.begin(
            record.name.parent, Job.pb(copied(job)), lambda: Job.pb(self._copied(record))
        )

        def work() -> None:
            image = job.template.template.containers[0].image
            there = requirements.find_image(self._images, image) is not None
            failure = None if there else requirements.image_missing(image)
            with self._store.lock:
                state = conditions.FAILED if failure else conditions.SUCCEEDED
                message, reason = (failure.message, failure.reason) if failure else ("", None)
                found = conditions.condition("Ready", state, self._now(), message, reason)
                job.terminal_condition, job.reconciling, job.observed_generation = found, False, job.generation
            self._operations.end(operation.name, message or None)

        start_worker(work, f"job-{record.name.job}", lambda error: self._fail(operation.name, error))
        return operation

    def _started(self, record: JobRecord, name: JobName, begun: ExecutionRecord) -> Operation:
        operation = self._operations.begin(
            name.parent, Execution.pb(self._copied(begun)), lambda: Execution.pb(self._copied(begun))
        )

        def work() -> None:
            failure = self._carried_out(name, begun)
            with self._store.lock:
                ended = _SUCCEEDED if failure is None else _FAILED
                self._refer(record, begun, _CANCELLED if begun.cancelled.is_set() else ended)
                begun.ended.set()
            self._operations.end(operation.name, failure)

        def fail(error: Exception) -> None:
            begun.ended.set()
            self._fail(operation.name, error)

        start_worker(work, f"run-{name.execution}", fail)
        return operation

    def _carried_out(self, name: JobName, begun: ExecutionRecord) -> str | None:
        """The sentence of a failure; None for success."""
        revision = template.as_revision(begun.execution.template)
        place = ServiceName(name.project, name.location, name.job)
        image = revision.containers[0].image
        digest = requirements.find_image(self._images, image)
        failure = requirements.image_missing(image) if digest is None else None
        failure = failure or requirements.check_secrets(self._secrets, revision, place)
        try:
            if failure is None and digest is not None:
                known = requirements.load_image(self._engine, self._images, image, digest)
                secrets = requirements.read_secrets(self._secrets, revision, place)

                def volumes(complain: Callable[[str], None]) -> Volumes:
                    read = requirements.secret_reader(self._secrets, revision, place)
                    return open_volumes(revision.volumes, read, self._reach, complain)

                provided = Provided(known, secrets, self._reach, volumes)
                self._runner.run(name, begun, provided, lambda task, number: self._lines(name, task, number))
                with self._store.lock:
                    return verdict(name, begun, self._now())
            message = failure.message if failure else ""
        except (EngineError, RegistryRefusal, requirements.SecretGone) as error:
            message = str(error)
        with self._store.lock:
            now = self._now()
            completed = conditions.condition(conditions.COMPLETED, conditions.FAILED, now, message)
            begun.execution.conditions = conditions.all_of(completed, False, now)
            begun.execution.completion_time, begun.execution.reconciling = now, False
            return message

    def _after_cancelling(self, records: list[ExecutionRecord], parent: str, gone: object | None) -> Operation:
        """An operation that ends when these executions have; `gone` is its answer, None for the execution itself."""

        def tell() -> object:
            return gone if gone is not None else Execution.pb(self._copied(records[0]))

        operation = self._operations.begin(parent, tell(), tell)

        def work() -> None:
            for record in records:
                record.cancelled.set()
            for record in records:
                record.ended.wait()
            self._operations.end(operation.name, None)

        start_worker(work, "cancel", lambda error: self._fail(operation.name, error))
        return operation

    def _refer(self, record: JobRecord, begun: ExecutionRecord, status: ExecutionReference.CompletionStatus) -> None:
        """Hold the store's lock."""
        execution = begun.execution
        latest = record.job.latest_created_execution
        if latest.name not in ("", execution.name) and status != _RUNNING:
            return
        record.job.latest_created_execution = ExecutionReference(
            name=execution.name,
            create_time=execution.create_time,
            completion_time=execution.completion_time,
            completion_status=status,
        )

    def _copied(self, record: JobRecord | ExecutionRecord) -> Job | Execution:
        with self._store.lock:
            return copied(record.job) if isinstance(record, JobRecord) else copied(record.execution)

    def _fail(self, operation: str, error: Exception) -> None:
        self._operations.end(operation, explain(error), INTERNAL)

    def _now(self) -> datetime.datetime:
        return utc(self._clock())


_LAST_GRACE = 2.0  # seconds that tasks have when the local cloud ends
