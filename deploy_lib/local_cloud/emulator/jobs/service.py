"""Cloud Run v2's jobs as a service, free of the wire: requests come in as the client library's messages, refusals
leave as RunRefusal. https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs"""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Callable

from google.cloud.run_v2 import types as run_v2
from google.cloud.run_v2.types import Execution, Job, Task
from google.iam.v1.policy_pb2 import Policy
from google.longrunning.operations_pb2 import Operation

from ...engines.model import Engine
from ..reach.reach import Reach
from ..registry.images import RegistryImages
from ..run.operations import Operations, done
from ..run.refusal import RunRefusal, check_etag
from ..secrets.store import Secrets
from ..wire.caller import caller
from ..wire.pages import page
from ..wire.policies import replaced
from ..wire.times import utc
from . import change, template
from .executions import begin
from .names import parse, parse_job
from .preparation import Preparation
from .store import JobRecord, JobStore, copied
from .work import RUNNING, JobsWork, Lines, refer

_LAST_GRACE = 2.0  # seconds that all tasks have together when the local cloud ends


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
        self._clock, self._store, self._operations = clock, JobStore(), Operations()
        preparation = Preparation(engine, images, secrets, reach)
        self._work = JobsWork(self._store, self._operations, preparation, lines, self._now)

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

    def projects(self) -> set[str]:
        """Those that have a job."""
        with self._store.lock:
            return {each.name.project for each in self._store.jobs.values()}

    def delete_job(self, request: run_v2.DeleteJobRequest) -> Operation:
        """Its running executions are cancelled."""
        name = parse_job(request.name)
        with self._store.lock:
            record = self._store.job(name)
            check_etag(name.job, request.etag, record.job.etag)
            before, going = record.job.terminal_condition, change.going(record.job, self._now())
            if request.validate_only:
                return done(Job.pb(going), name.parent)
            del self._store.jobs[name.full_job]

        def gone() -> object:
            return Job.pb(change.gone(going, before, self._now()))

        return self._work.cancel(list(record.executions.values()), name.parent, Job.pb(going), gone)

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
            refer(record, begun, RUNNING)
        return self._work.start(record, within, begun)

    # Access policies, which are kept and not enforced

    def get_policy(self, resource: str) -> bytes:
        with self._store.lock:
            return self._store.job(parse_job(resource)).policy

    def set_policy(self, resource: str, given: Policy) -> Policy:
        """Also raises RpcRefusal."""
        with self._store.lock:
            record = self._store.job(parse_job(resource))
            policy = replaced(record.policy, given)
            record.policy = policy.SerializeToString()
            return policy

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

        def ended() -> object:
            with self._store.lock:
                return Execution.pb(copied(record.execution))

        return self._work.cancel([record], name.parent, ended(), ended)

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
        return self._work.cancel([record], name.parent, Execution.pb(gone), lambda: Execution.pb(gone))

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
        until = time.monotonic() + _LAST_GRACE
        for record in records:
            record.ended.wait(max(until - time.monotonic(), 0.0))

    # Within

    def _put(self, record: JobRecord, wanted: Job, validate_only: bool) -> Operation:
        """Hold the store's lock. At once it is pending, as recorded; then it is ready, or its image is not there."""
        before = record.job.terminal_condition
        job = change.written(record.job, wanted, record.name.project, self._now())
        if validate_only:
            return done(Job.pb(job), record.name.parent)
        record.job = job
        self._store.jobs[record.name.full_job] = record
        return self._work.settle(record, before)

    def _now(self) -> datetime.datetime:
        return utc(self._clock())
