"""job: one command runs to its end with the new image, as a job of Cloud Run: a migration before users come, say."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field, model_validator

from deploy_lib.model.answers import JobSeen, JobState
from deploy_lib.model.details import Details
from deploy_lib.model.evidence import Evidence, LogLine, LogSource
from deploy_lib.model.release import Release, Status
from deploy_lib.model.service import Service
from deploy_lib.model.variables import filled, values_of
from deploy_lib.steps.again import Again, next_pause
from deploy_lib.steps.kind import Duration, Kind, Settings, Usual, Verdict, counted, format_duration
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.position import OrderRule, Position
from deploy_lib.steps.variables import ACCOUNT, RunsContainer, SecretReferences, Variables

LONGEST_NAME = 49
"""Characters of a job's name (https://cloud.google.com/run/docs/create-jobs says 63; so there is room for Cloud Run's
own endings of executions and tasks)."""
_LAST = 20
"""Lines of its log that are kept with the verdict."""
_LATE = 1.0  # seconds between two looks for lines of one that failed


class JobSettings(Settings):
    name: str = Field(
        "job",
        pattern=r"^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$",
        description="lower-case letters, digits and hyphens, 20 at most; the job is SERVICE-NAME on Cloud Run, used "
        "again by each release",
    )
    command: tuple[str, ...] = Field((), description="what runs, e.g. [alembic]; default: the image's entry point")
    args: tuple[str, ...] = Field((), description="its arguments, e.g. [upgrade, head]")
    env: Variables = Field(
        {},
        description="variables besides the service's own, or instead of them; ${COMMIT}, ${PROJECT}, ${SERVICE} and "
        "${RELEASE} are filled in, here, in args and in rollback_command",
    )
    secrets: SecretReferences = Field({}, description="the same from secrets, name:version")
    service_account: str | None = Field(
        None, pattern=ACCOUNT, description="the account it runs as; default: the service's"
    )
    timeout: Duration = Field(600.0, ge=1, le=604800, description="one try may take this long")
    retries: int = Field(0, ge=0, le=10, strict=True, description="tries more after one that failed")
    start_within: Duration = Field(300.0, gt=0, description="added to the time of its tries, for it to start")
    words_within: Duration = Field(10.0, ge=0, description="how much later the log lines of a failure may arrive")
    when: Literal["before_traffic", "after_live"] = Field(
        "before_traffic", description="before any user meets the candidate, or once all do; then a failure holds"
    )
    rollback_command: tuple[str, ...] = Field((), description="what takes it back, e.g. [alembic, downgrade, '-1']")
    on_failure: Literal["show", "run"] = Field(
        "show",
        description="show: the rollback command is told. run: it runs when the job has failed, and when the release "
        "has failed after it and the traffic is back",
    )

    @model_validator(mode="after")
    def _given_once(self) -> JobSettings:
        for name in self.env:
            if name in self.secrets:
                raise ValueError(f"{name} is both in env and in secrets")
        return self

    @model_validator(mode="after")
    def _has_a_way_back(self) -> JobSettings:
        if self.on_failure == "run" and not self.rollback_command:
            raise ValueError("on_failure: run needs a rollback_command")
        return self

    @property
    def longest(self) -> float:
        """Seconds after which an execution is not waited for any more."""
        return self.timeout * (1 + self.retries) + self.start_within


@dataclass(frozen=True, slots=True)
class JobDetails(Details):
    """How the execution ended. `way_back` is the rollback command, and `undone` what came of it where it ran."""

    name: str = ""
    execution: str = ""
    exit_code: int | None = None
    log: tuple[str, ...] = ()
    way_back: str = ""
    undone: str = ""

    def lines(self) -> Iterator[str]:
        yield f"execution: {self.execution}"
        yield from (f"| {line}" for line in self.log)
        if self.way_back:
            yield f"rollback command: {self.way_back} ({self.undone or 'not run'})"

    def blames_image(self) -> bool:
        """A database that was away, or data that a migration cannot move, is no fault of the image."""
        return False

    def evidence(self) -> Evidence:
        return Evidence(log=tuple(LogLine(None, line) for line in self.log))

    def taken_back(self, how: str) -> JobDetails:
        return replace(self, undone=how)

    def left_behind(self) -> str:
        if self.undone:
            return ""
        way = f"its rollback command was not run: {self.way_back}" if self.way_back else "it has no rollback_command"
        return f"what the job {self.name} did stays; {way}"


@dataclass(frozen=True, slots=True)
class RunJob:
    """Start the execution of this release and step, or find it again; `undo`: of the rollback command."""

    release: Release
    settings: JobSettings
    undo: bool = False


@dataclass(frozen=True, slots=True)
class LookAtJob:
    """How far the execution is that was just started."""

    release: Release
    settings: JobSettings


@dataclass(frozen=True, slots=True)
class CancelJob:
    """End the execution, whose time is over."""

    release: Release
    settings: JobSettings


FILLED_IN = ("env", "args", "rollback_command")


def ask(settings: JobSettings, release: Release) -> RunJob:
    return RunJob(release, _of_release(settings, release))


def _of_release(settings: JobSettings, release: Release) -> JobSettings:
    """The settings with the release's values in their texts."""
    values = values_of(release.service, release.commit, release.id)
    return settings.model_copy(
        update={
            "env": {name: filled(text, values) for name, text in settings.env.items()},
            "args": tuple(filled(text, values) for text in settings.args),
            "rollback_command": tuple(filled(text, values) for text in settings.rollback_command),
        }
    )


_KEPT_TIMEOUT, _KEPT_RETRIES = 86400.0, 3
"""What is waited for at most where the file does not say it, and Cloud Run's own default."""


def settings_of_target(job: Service) -> JobSettings:
    """Of the step that changes a job which is released by itself, and executes it where it says so."""
    target = job.job
    assert target is not None, "only a job has it"
    timeout = _KEPT_TIMEOUT if target.timeout is None else target.timeout
    retries = _KEPT_RETRIES if target.retries is None else target.retries
    rounds = -(-(target.tasks or 1) // (target.parallelism or target.tasks or 1))
    settings = JobSettings(
        timeout=timeout, retries=retries, start_within=300.0 + (rounds - 1) * timeout * (1 + retries)
    )
    return settings.model_copy(update={"name": job.name})


def job_name(settings: JobSettings, service: Service) -> str:
    """The same for every release; shortened where the service's own name is long."""
    if service.job is not None:
        return service.cloud_run
    whole = f"{service.cloud_run}-{settings.name}"
    if len(whole) <= LONGEST_NAME:
        return whole
    mark = hashlib.sha256(whole.encode()).hexdigest()[:6]
    start = service.cloud_run[: LONGEST_NAME - len(settings.name) - 8].rstrip("-")
    return f"{start}-{mark}-{settings.name}"


def judge(settings: JobSettings, release: Release, answer: JobSeen) -> Verdict | Again:
    settings = _of_release(settings, release)
    look = LookAtJob(release, settings)
    if answer.state is JobState.RUNNING:
        left = settings.longest - answer.seconds
        return Again(next_pause(answer.seconds, left), look) if left > 0 else Again(0.0, CancelJob(release, settings))
    bad = answer.state in (JobState.FAILED, JobState.CANCELLED)
    late = answer.seconds - answer.over_since
    way_back = _way_back(settings, release.service)
    if bad and answer.ran and late < settings.words_within and (answer.fresh or not answer.lines):
        return Again(min(_LATE, settings.words_within - late), look)
    if bad and not answer.undo and way_back:
        says = f"{_ended(settings, answer)}; {way_back}"
        return Again(0.0, RunJob(release, settings, undo=True), says)
    return _undone(settings, release, answer, answer.undone) if answer.undone else _verdict(settings, release, answer)


def _way_back(settings: JobSettings, service: Service) -> str:
    """What is done after a failure, as a clause; empty where nothing is."""
    if service.job is not None:
        return "" if service.job.hold else "the job is put back as it was"
    runs = settings.on_failure == "run"
    return f"its rollback command runs: {shlex.join(settings.rollback_command)}" if runs else ""


def _verdict(settings: JobSettings, release: Release, answer: JobSeen) -> Verdict:
    reason, details = _ended(settings, answer), _details(settings, answer)
    target = release.service.job
    if answer.state is JobState.SUCCEEDED:
        known = replace(release, candidate=answer.update) if answer.update else release
        return Verdict(Status.PASSED, reason, known, details=details)
    if answer.state is JobState.GONE:
        return Verdict(Status.ERRORED, reason, release, details=details)
    if settings.rollback_command and not answer.undo:
        reason += f"; its rollback command was not run: {details.way_back}"
    hold = target.hold if target is not None else settings.when == "after_live"
    return Verdict(Status.FAILED, reason, release, details=details, hold=hold)


def _undone(settings: JobSettings, release: Release, back: JobSeen, answer: JobSeen) -> Verdict:
    """One that failed, and whose rollback command ran."""
    well = back.state is JobState.SUCCEEDED
    came = "went well" if well else f"failed, too: {_ended(settings, back)}"
    what = "its rollback command"
    if release.service.job is not None:
        what, came = "the job", "is as it was before" if well else f"could not be put back: {back.message}"
    details = _details(settings, answer, undone=came)
    reason = f"{_ended(settings, answer)}; {what} {came}"
    return Verdict(Status.FAILED, reason, release, details=details, hold=not well or settings.when == "after_live")


def _ended(settings: JobSettings, answer: JobSeen) -> str:
    last = next((text.strip() for text in reversed(_own_words(answer)) if text.strip()), "")
    words = f": {last[:200]}" if last else ""
    match answer.state:
        case JobState.SUCCEEDED if not answer.ran:
            return f"{answer.name} has the new image, and was not executed (run: false)"
        case JobState.SUCCEEDED:
            return f"{answer.name} ended well{words}"
        case JobState.GONE:
            return f"{answer.name} was deleted before it was seen to end; whether it had its effect is not known"
        case JobState.CANCELLED if answer.timed_out:
            return f"{answer.name} did not end within {format_duration(settings.longest)} and was cancelled{words}"
        case JobState.CANCELLED:
            return f"{answer.name} was cancelled{words}"
        case JobState.FAILED | JobState.RUNNING if answer.exit_code:
            return f"{answer.name} ended with exit code {answer.exit_code}{words}"
        case JobState.FAILED | JobState.RUNNING:
            return f"{answer.name} failed: {answer.message.rstrip('.') or 'Cloud Run does not say why'}{words}"


def _own_words(answer: JobSeen) -> tuple[str, ...]:
    """What the container wrote; the platform's lines say only that it began and ended."""
    return tuple(line.text.rstrip() for line in answer.lines if line.source is not LogSource.SYSTEM)


def _details(settings: JobSettings, answer: JobSeen, undone: str = "") -> JobDetails:
    return JobDetails(
        settings.name,
        answer.name,
        answer.exit_code,
        _own_words(answer)[-_LAST:],
        shlex.join(settings.rollback_command),
        undone,
    )


def describe(request: RunJob) -> str:
    settings, target = request.settings, request.release.service.job
    if target is not None:
        runs = "and executes it" if target.run else "and does not execute it (run: false)"
        return f"gives the job {request.release.service.cloud_run} the image and its settings, {runs}"
    what = shlex.join((*settings.command, *settings.args)) or "the image's entry point"
    tries = f", {counted(settings.retries, 'retry').replace('retrys', 'retries')}" if settings.retries else ""
    limit = f"at most {format_duration(settings.timeout)}{tries}"
    return f"runs {what} as the job {job_name(settings, request.release.service)}, {limit}"


def stands(settings: JobSettings) -> Position:
    if settings.when == "before_traffic":
        return KIND.position
    return Position(
        needs=OrderRule("promote", "no user has the candidate before (when: after_live)"),
        before_traffic=False,
        expects=lambda _: 100,
        in_turn=True,
        apart=_apart,
    )


def take_back(settings: JobSettings, release: Release) -> RunJob | None:
    return RunJob(release, _of_release(settings, release), undo=True) if settings.on_failure == "run" else None


def offers(settings: JobSettings, service: Service) -> RunsContainer:
    return RunsContainer(f"job {settings.name}", settings.env, settings.secrets, settings.service_account)


def _apart(settings: JobSettings) -> str:
    return f"name: {settings.name}"


REFERENCE = """\
# A migration, say: one command that runs to its end with the new image.
- job:
    name: migrate            # the job on Cloud Run is SERVICE-NAME, used again by each release
    command: [alembic]       # default: the image's entry point
    args: [upgrade, head]
    env: {LOG_LEVEL: debug}  # besides the service's own variables, or instead of them; ${COMMIT}, ${PROJECT},
                             # ${SERVICE} and ${RELEASE} are filled in, in args and rollback_command as well
    secrets: {}              # the same from secrets, NAME: secret:version
    service_account: migrator@my-project.iam.gserviceaccount.com  # default: the service's
    timeout: 10m             # of one try
    retries: 0
    start_within: 5m         # added to the time of its tries
    words_within: 10s        # how much later the log lines of a failure may arrive
    when: before_traffic     # after_live: once all users are on the candidate; a failure then holds
    rollback_command: [alembic, downgrade, "-1"]
    on_failure: show         # run: the rollback command runs when the job has failed, and when the release fails after
                             # it, once the traffic is back
"""

KIND = Kind(
    "job",
    JobSettings,
    ask,
    judge,
    RunJob,
    JobSeen,
    JobDetails,
    usual=(Usual(55, REFERENCE),),
    known_bad=(
        BadCase("a migration that ends with exit code 1", JobSeen("job-1", JobState.FAILED, 1), {"words_within": 0}),
        BadCase("a job that was cancelled", JobSeen("job-1", JobState.CANCELLED), {"words_within": 0}),
        BadCase("an execution that somebody deleted", JobSeen("job-1", JobState.GONE)),
    ),
    later=(LookAtJob, CancelJob),
    position=Position(
        needs=OrderRule("build", "there is no image to run before it is built"),
        not_after=OrderRule("promote", "users have the candidate by then (when: before_traffic)"),
        in_turn=True,
        apart=_apart,
    ),
    describe=describe,
    label=lambda settings: settings.name,
    offers=offers,
    take_back=take_back,
    filled_in=FILLED_IN,
    stands=stands,
)
