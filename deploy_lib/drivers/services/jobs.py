"""One execution of a job for one release and step, whatever is lost on the way between this machine and Cloud Run.

RunJob knows no idempotency key, so labels are the key: an execution takes them from its job's template, and is looked
for before one is started and after every answer that was lost. The job also remembers how many executions it had, so
that one that was deleted meanwhile is not started a second time.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_lib.drivers.conditions import conditions_of
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.log_follower import LogFollower
from deploy_lib.drivers.logs import Entries, JobEntries, line_of
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.job_api import JobApi
from deploy_lib.drivers.services.job_template import STARTED_BEFORE, execution_template, is_marked, is_same, mark
from deploy_lib.drivers.services.template import base
from deploy_lib.drivers.services.traffic import short
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.answers import Execution, JobSeen
from deploy_lib.model.evidence import LogLine, LogSource
from deploy_lib.model.service import Service
from deploy_lib.steps.job import RunJob, job_name

if TYPE_CHECKING:
    from google.cloud import run_v2

READY_WITHIN = 60.0  # seconds for a job to be ready to run
CANCELLED_WITHIN = 60.0
"""Seconds for an execution to end that is to: a container has 10 s (https://cloud.google.com/run/docs/container-contract)."""
_LOOKS_AFTER_LOSS, _PAUSE_AFTER_LOSS = 4, 2.0
_KEPT = 50  # lines of a log
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

    def look(self, tell: Tell) -> JobSeen:
        """How far it is; `tell` gets the lines that are new. Raises DriverError."""
        found = self.api.execution(self.name)
        state = Execution.GONE if found is None else _state(found)
        fresh = self._listen(tell, to_its_end=state.is_over)
        code, message, self.over = None, "", state.is_over
        if self.over:
            self.follower.stop()
        if found is not None and self.over:
            code, message = self._exit_code(), _message(found)
        lines = tuple(self.lines[-_KEPT:])
        return JobSeen(short(self.name), state, code, message, lines, fresh, undo=self.undo)

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
        new = sorted((line_of(entry) for entry in found), key=lambda line: line.at.timestamp() if line.at else 0.0)
        for line in new:
            if line.source is not LogSource.SYSTEM or line.severity not in _PLAIN:
                tell(line.text[:300])
        self.lines += new
        return bool(new)

    def _exit_code(self) -> int | None:
        """A signal counts as shells count it. None where it may not be read."""
        with contextlib.suppress(DriverError):
            for task in self.api.tasks(self.name):
                ended = task.last_attempt_result
                return 128 + ended.term_signal if ended.term_signal else ended.exit_code
        return None


def start(context: ServiceContext, request: RunJob, tell: Tell) -> RunningJob:
    """The execution of that release and step. Raises DriverError, where surely nothing runs unless it says so."""
    release, settings = request.release, request.settings
    if not release.image:
        raise DriverError("there is no image to run", "put a build step before the job, or name an image")
    api, service = JobApi(context.calls), release.service
    path = f"{service.path.rpartition('/services/')[0]}/jobs/{job_name(settings, service)}"
    wanted = mark(release, settings, undo=request.undo)
    name = _asked_before(api, path, wanted)
    if name:
        tell(f"{short(name)} was started before; it is not started again")
    else:
        job = _made_ready(context, api, path, request, tell)
        name = _run(context, api, job, wanted)
        tell(f"{short(name)} runs")
    entries: Entries = JobEntries(context.calls, service, (short(name),), release.started)
    running = RunningJob(context, api, name, request.undo, context.logs.follow(entries))
    _refuse_another(context, running, request, tell)
    return running


def _asked_before(api: JobApi, path: str, wanted: dict[str, str]) -> str:
    """The execution that counts; one that was started beside it is cancelled. Empty where there is none."""
    found = [each for each in api.executions(path) if is_marked(each.labels, wanted)]
    for twin in found[1:]:
        if not _state(twin).is_over:
            api.cancel(twin.name)
    return found[0].name if found else ""


def _made_ready(context: ServiceContext, api: JobApi, path: str, request: RunJob, tell: Tell) -> run_v2.Job:
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
        _refuse_if_deleted(job)
    start = _start(context, request.release.service, request.release.stable)
    template = execution_template(start, request.release, request.settings, undo=request.undo)
    labels = {STARTED_BEFORE: str(job.execution_count if job is not None else 0)}
    if job is None:
        api.create(path, run_v2.Job(template=template, labels=labels))
    else:
        api.update(run_v2.Job(name=path, template=template, labels=labels, etag=job.etag))
    return _ready(context, api, path, wanted)


def _start(context: ServiceContext, service: Service, stable: str | None) -> run_v2.RevisionTemplate:
    """What the candidate's template begins with."""
    return base(context.api.service(service.path), context.api.revision(service.path, stable) if stable else None)


def _ready(context: ServiceContext, api: JobApi, path: str, wanted: dict[str, str]) -> run_v2.Job:
    for _ in polls(context.clock, READY_WITHIN):
        job = api.job(path)
        if job is None or not is_marked(job.template.labels, wanted):
            continue  # an older reading
        state = next(iter(conditions_of([job.terminal_condition])), None)
        if state is not None and state.failed:
            raise DriverError(f"the job {short(path)} is not ready: {state.message or state.reason}")
        if not job.reconciling:
            return job
    raise DriverError(f"the job {short(path)} was not ready within {READY_WITHIN:.0f} s", "try again")


def _refuse_if_deleted(job: run_v2.Job) -> None:
    """The mark is on the job, and no execution has it."""
    before = job.labels.get(STARTED_BEFORE, "")
    if before.isdecimal() and job.execution_count > int(before):
        raise DriverError(
            f"an execution of {short(job.name)} was started for this release and is not there any more: somebody "
            "deleted it, and whether it had its effect is not known",
            "see what it did; a new release runs it again",
        )


def _run(context: ServiceContext, api: JobApi, job: run_v2.Job, wanted: dict[str, str]) -> str:
    """Name of the execution. An answer that is lost does not start a second one."""
    try:
        name = api.run(job)
        if name:
            return name
    except ApiError as problem:
        if _is_stale(problem):
            raise _changed(api, job) from problem
        if not problem.maybe_done:
            raise
    for _ in range(_LOOKS_AFTER_LOSS):
        found = _asked_before(api, job.name, wanted)
        if found:
            return found
        context.clock.sleep(_PAUSE_AFTER_LOSS)
    now = api.job(job.name)
    if now is not None:
        _refuse_if_deleted(now)
    return api.run(job)


def _is_stale(problem: ApiError) -> bool:
    refused = problem.code is StatusCode.FAILED_PRECONDITION and "etag" in problem.message.lower()
    return problem.code is StatusCode.ABORTED or refused


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
    if not _state(found).is_over:
        running.cancel(tell)
    raise DriverError(
        f"{short(running.name)} does not run what this release asked for: somebody else changed the job meanwhile; it "
        "was cancelled",
        "see what it did; a new release runs it again",
        conflict=True,
    )


def _state(found: run_v2.Execution) -> Execution:
    completed = next((each for each in found.conditions if each.type_ == "Completed"), None)
    ended = completed is not None and completed.state.name in ("CONDITION_SUCCEEDED", "CONDITION_FAILED")
    if not (ended or plain_time(found.completion_time)):
        return Execution.RUNNING
    if completed is not None and completed.state.name == "CONDITION_SUCCEEDED":
        return Execution.SUCCEEDED
    cancelled = (
        completed is not None and "execution_reason" in completed and completed.execution_reason.name == "CANCELLED"
    )
    return Execution.CANCELLED if cancelled or found.cancelled_count else Execution.FAILED


def _message(found: run_v2.Execution) -> str:
    completed = next((each for each in found.conditions if each.type_ == "Completed"), None)
    text = " ".join(completed.message.split())[:300] if completed is not None else ""
    return text.rpartition(" failed with message: ")[2]  # of a task's sentence: there is one task
