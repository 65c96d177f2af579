"""A new execution of a job with its tasks, none of which runs yet. Pure but for its name and ids."""

from __future__ import annotations

import datetime
import uuid

from google.cloud.run_v2.types import Execution, ExecutionTemplate, Task

from ..wire.caller import caller
from . import conditions
from .names import JobName, new_execution
from .store import ExecutionRecord


def begin(name: JobName, wanted: ExecutionTemplate, now: datetime.datetime) -> ExecutionRecord:
    """Of the job of that name, for the caller of the request."""
    short, job = new_execution(name.job), name.full_job
    full = f"{job}/executions/{short}"
    pending = conditions.all_of(conditions.condition(conditions.COMPLETED, conditions.PENDING, now), False, now)
    execution = Execution(
        name=full,
        uid=str(uuid.uuid4()),
        generation=1,
        job=job,
        creator=caller(),
        labels=wanted.labels,
        annotations=wanted.annotations,
        create_time=now,
        update_time=now,
        parallelism=wanted.parallelism,
        task_count=wanted.task_count,
        template=wanted.template,
        reconciling=True,
        conditions=pending,
        etag=f'"{uuid.uuid4().hex}"',
    )
    tasks = [
        Task(
            name=f"{full}/tasks/{short}-task{index}",
            uid=str(uuid.uuid4()),
            generation=1,
            index=index,
            job=job,
            execution=full,
            create_time=now,
            scheduled_time=now,
            update_time=now,
            reconciling=True,
            containers=list(wanted.template.containers),
            volumes=list(wanted.template.volumes),
            max_retries=wanted.template.max_retries,
            timeout=wanted.template.timeout,
            service_account=wanted.template.service_account,
            conditions=pending,
        )
        for index in range(wanted.task_count)
    ]
    return ExecutionRecord(execution, tasks)
