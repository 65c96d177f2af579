"""job: one command runs to its end with the new image, as a job of Cloud Run: a migration before users come, say."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from deploy_lib.model.answers import JobSeen, JobState
from deploy_lib.model.counting import counted
from deploy_lib.model.release import Release, Status
from deploy_lib.model.service import Service
from deploy_lib.steps.again import Again, next_pause
from deploy_lib.steps.job.details import JobDetails, details_of, how_it_ended
from deploy_lib.steps.job.settings import FILLED_IN, JobSettings, job_name, of_release
from deploy_lib.steps.kind import Kind, Usual, Verdict, format_duration
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.position import OrderRule, Position
from deploy_lib.steps.variables import RunsContainer

_LATE = 1.0  # seconds between two looks for lines of one that failed


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


def ask(settings: JobSettings, release: Release) -> RunJob:
    return RunJob(release, of_release(settings, release))


def judge(settings: JobSettings, release: Release, answer: JobSeen) -> Verdict | Again:
    settings = of_release(settings, release)
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
        says = f"{how_it_ended(settings, answer)}; {way_back}"
        return Again(0.0, RunJob(release, settings, undo=True), says)
    return _undone(settings, release, answer, answer.undone) if answer.undone else _verdict(settings, release, answer)


def _way_back(settings: JobSettings, service: Service) -> str:
    """What is done after a failure, as a clause; empty where nothing is."""
    if service.job is not None:
        return "" if service.job.hold else "the job is put back as it was"
    runs = settings.on_failure == "run"
    return f"its rollback command runs: {shlex.join(settings.rollback_command)}" if runs else ""


def _verdict(settings: JobSettings, release: Release, answer: JobSeen) -> Verdict:
    reason, details = how_it_ended(settings, answer), details_of(settings, answer)
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
    came = "went well" if well else f"failed, too: {how_it_ended(settings, back)}"
    what = "its rollback command"
    if release.service.job is not None:
        what, came = "the job", "is as it was before" if well else f"could not be put back: {back.message}"
    details = details_of(settings, answer, undone=came)
    reason = f"{how_it_ended(settings, answer)}; {what} {came}"
    return Verdict(Status.FAILED, reason, release, details=details, hold=not well or settings.when == "after_live")


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
    return RunJob(release, of_release(settings, release), undo=True) if settings.on_failure == "run" else None


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
                             # ${SERVICE}, ${RELEASE}, ${REGION} are filled in, in args and rollback_command, too
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
