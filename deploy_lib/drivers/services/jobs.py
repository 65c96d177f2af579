"""One execution of a job for one release and step, whatever is lost on the way between this machine and Cloud Run.

RunJob knows no idempotency key, so labels are the key: an execution takes them from its job's template, and is looked
for before one is started and after every answer that was lost. The job also remembers how many executions it had, so
that one that was deleted meanwhile is not started a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from deploy_lib.drivers.conditions import conditions_of
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Interrupted, Tell
from deploy_lib.drivers.logs import Entries, JobEntries
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.job_api import JobApi
from deploy_lib.drivers.services.job_template import STARTED_BEFORE, execution_template, is_marked, is_same, mark
from deploy_lib.drivers.services.running_job import RunningJob, state_of
from deploy_lib.drivers.services.template import base
from deploy_lib.drivers.services.traffic import short
from deploy_lib.model.answers import JobState
from deploy_lib.model.service import Service
from deploy_lib.steps.job.settings import job_name

if TYPE_CHECKING:
    from google.cloud import run_v2

    from deploy_lib.steps.job import RunJob

READY_WITHIN = 60.0  # seconds for a job to be ready to run
_LOOKS_AFTER_LOSS, _PAUSE_AFTER_LOSS = 4, 2.0


def start(context: ServiceContext, request: RunJob, tell: Tell) -> RunningJob:
    """The execution of that release and step. Raises DriverError, where surely nothing runs unless it says so."""
    release, settings = request.release, request.settings
    if not release.image:
        raise DriverError("there is no image to run", "put a build step before the job, or name an image")
    api, service = JobApi(context.calls), release.service
    path = f"{service.path.rpartition('/services/')[0]}/jobs/{job_name(settings, service)}"
    wanted = mark(release, settings, undo=request.undo)
    with nullcontext() if request.undo else _cancelling(api, path, wanted):
        name = asked_before(api, path, wanted)
        if name:
            if not request.undo:
                _refuse_if_taken_back(api, path, request)
            tell(f"{short(name)} was started before; it is not started again")
        else:
            job = _made_ready(context, api, path, request)
            name = run(context, api, job, wanted)
            tell(f"{short(name)} runs")
        entries: Entries = JobEntries(context.calls, service, (short(name),), release.started)
        running = RunningJob(context, api, name, request.undo, context.logs.follow(entries))
        _refuse_another(context, running, request, tell)
    return running


@contextmanager
def _cancelling(api: JobApi, path: str, wanted: dict[str, str]) -> Iterator[None]:
    """When someone asks to stop before the execution is known, none is left running."""
    try:
        yield
    except Interrupted:
        with suppress(DriverError):
            for each in api.executions(path):
                if is_marked(each.labels, wanted) and not state_of(each).is_over:
                    api.cancel(each.name)
        raise


def asked_before(api: JobApi, path: str, wanted: dict[str, str]) -> str:
    """The execution that counts; one that was started beside it is cancelled. Empty where there is none."""
    found = [each for each in api.executions(path) if is_marked(each.labels, wanted)]
    for twin in found[1:]:
        if not state_of(twin).is_over:
            api.cancel(twin.name)
    return found[0].name if found else ""


def _made_ready(context: ServiceContext, api: JobApi, path: str, request: RunJob) -> run_v2.Job:
    """The job with the template of this execution."""
    from google.cloud import run_v2

    wanted = mark(request.release, request.settings, undo=request.undo)
    job = api.job(path)
    if job is not None and STARTED_BEFORE not in job.labels:
        raise DriverError(
            f"there is a job {short(path)} already, which {job.creator or 'somebody else'} made",
            "give the step another name: job: {name: ...}; or delete that job",
        )
    if job is not None and is_marked(job.template.labels, wanted):
        refuse_if_deleted(job)
    start = _start(context, request.release.service, request.release.stable)
    template = execution_template(start, request.release, request.settings, undo=request.undo)
    labels = {STARTED_BEFORE: str(job.execution_count if job is not None else 0)}
    if job is None:
        api.create(path, run_v2.Job(template=template, labels=labels))
    else:
        api.update(run_v2.Job(name=path, template=template, labels=labels, etag=job.etag))
    ready, problem = until_ready(context, api, path, wanted)
    if problem:
        raise DriverError(f"the job {short(path)} is not ready: {problem}")
    return ready


def _start(context: ServiceContext, service: Service, stable: str | None) -> run_v2.RevisionTemplate:
    """What the candidate's template begins with."""
    return base(context.api.service(service.path), context.api.revision(service.path, stable) if stable else None)


def until_ready(context: ServiceContext, api: JobApi, path: str, wanted: dict[str, str]) -> tuple[run_v2.Job, str]:
    """The job with that mark, and why Cloud Run cannot have it so; empty once it has. Raises DriverError."""
    for _ in polls(context.clock, READY_WITHIN):
        job = api.job(path)
        if job is None or not is_marked(job.template.labels, wanted):
            continue  # an older reading
        state = next(iter(conditions_of([job.terminal_condition])), None)
        if state is not None and state.failed:
            return job, state.message or state.reason or "Cloud Run does not say why"
        if not job.reconciling:
            return job, ""
    raise DriverError(f"the job {short(path)} was not ready within {READY_WITHIN:.0f} s", "try again")


def _refuse_if_taken_back(api: JobApi, path: str, request: RunJob) -> None:
    """What it did is gone, so its good end is no news. Of one that failed, its rollback command is found by itself."""
    forth = mark(request.release, request.settings, undo=False)
    back = mark(request.release, request.settings, undo=True)
    found = api.executions(path)
    ended_well = any(is_marked(each.labels, forth) and state_of(each) is JobState.SUCCEEDED for each in found)
    if ended_well and any(is_marked(each.labels, back) for each in found):
        raise DriverError(
            f"what {short(path)} did for this release was taken back by its rollback command",
            "a new release runs it again",
        )


def refuse_if_deleted(job: run_v2.Job) -> None:
    """The mark is on the job, and no execution has it."""
    before = job.labels.get(STARTED_BEFORE, "")
    if before.isdecimal() and job.execution_count > int(before):
        raise DriverError(
            f"an execution of {short(job.name)} was started for this release and is not there any more: somebody "
            "deleted it, and whether it had its effect is not known",
            "see what it did; a new release runs it again",
        )


def run(context: ServiceContext, api: JobApi, job: run_v2.Job, wanted: dict[str, str]) -> str:
    """Name of the execution. An answer that is lost does not start a second one."""
    try:
        name = api.run(job)
        if name:
            return name
    except ApiError as problem:
        if problem.is_stale:
            raise _changed(api, job) from problem
        if not problem.maybe_done:
            raise
    for _ in range(_LOOKS_AFTER_LOSS):
        found = asked_before(api, job.name, wanted)
        if found:
            return found
        context.clock.sleep(_PAUSE_AFTER_LOSS)
    now = api.job(job.name)
    if now is not None:
        refuse_if_deleted(now)
    return api.run(job)


def _changed(api: JobApi, job: run_v2.Job) -> DriverError:
    now = api.job(job.name)
    who = now.last_modifier if now is not None and now.last_modifier else "somebody else"
    return DriverError(
        f"{who} changed the job {short(job.name)} after this release had; it was not run",
        "see why; resume makes it as this release needs it and runs it",
        conflict=True,
    )


def _refuse_another(context: ServiceContext, running: RunningJob, request: RunJob, tell: Tell) -> None:
    """Cloud Run may take a stale etag (as it does for services): then what runs is somebody else's job."""
    found = running.api.execution(running.name)
    if found is None:
        return
    start = _start(context, request.release.service, request.release.stable)
    wanted = execution_template(start, request.release, request.settings, undo=request.undo)
    if is_marked(found.labels, wanted.labels) and is_same(found.template, wanted.template):
        return
    if not state_of(found).is_over:
        running.cancel(tell)
    raise DriverError(
        f"{short(running.name)} does not run what this release asked for: somebody else changed the job meanwhile; it "
        "was cancelled",
        "see what it did; a new release runs it again",
        conflict=True,
    )
