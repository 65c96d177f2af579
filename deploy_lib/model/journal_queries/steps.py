"""What a journal tells of the steps: their verdicts, what they recorded, where to go on, and what was diagnosed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deploy_lib.model.answers import Attempt
from deploy_lib.model.codes import Code
from deploy_lib.model.journal import (
    Adopted,
    Asked,
    Diagnosed,
    Entry,
    Judged,
    Started,
    TakeBackAsked,
    TakenBack,
    Withdrawn,
)
from deploy_lib.model.release import Status


def verdicts(journal: Sequence[Entry]) -> list[Judged]:
    """Every verdict, in the order they were given."""
    return [entry for entry in journal if isinstance(entry, Judged)]


def last_verdict(journal: Sequence[Entry]) -> Judged | None:
    return next((entry for entry in reversed(journal) if isinstance(entry, Judged)), None)


def last_verdicts(journal: Sequence[Entry]) -> list[Judged]:
    """The last verdict on each step, in the order of the plan: a resumed release asks some steps again.

    The details of one that was taken back since say so.
    """
    by_step: dict[int, Judged] = {}
    for entry in journal:
        if isinstance(entry, Judged):
            by_step[entry.step] = entry
        elif isinstance(entry, TakenBack) and (judged := by_step.get(entry.step)) and judged.details:
            by_step[entry.step] = replace(judged, details=judged.details.taken_back(entry.reason))
    return [by_step[step] for step in sorted(by_step)]


def steps_that_passed(journal: Sequence[Entry]) -> list[int]:
    """Their indexes in the plan, in order; those too that passed on another machine."""
    passed: set[int] = set()
    for entry in journal:
        if isinstance(entry, Adopted):
            passed |= set(range(entry.step))
        elif isinstance(entry, Judged) and entry.status is Status.PASSED:
            passed.add(entry.step)
        elif isinstance(entry, Judged):
            passed.discard(entry.step)
    return sorted(passed)


def taking_back(journal: Sequence[Entry]) -> bool:
    """Something that a step did was to be taken back: the release goes forward no more."""
    return any(isinstance(entry, TakeBackAsked) for entry in journal)


def last_taken_back(journal: Sequence[Entry], step: int) -> TakenBack | None:
    """What came of it; a failure before the last start is tried again."""
    for entry in reversed(journal):
        if isinstance(entry, TakenBack) and entry.step == step:
            return entry if entry.whole or not _started_after(journal, entry) else None
    return None


def _started_after(journal: Sequence[Entry], entry: TakenBack) -> bool:
    return any(isinstance(later, Started) for later in journal[journal.index(entry) :])


def planned_steps(journal: Sequence[Entry]) -> tuple[str, ...]:
    """The labels of the plan as it was when the release was last started; empty where no start tells them."""
    return next((entry.steps for entry in reversed(journal) if isinstance(entry, Started) and entry.steps), ())


def step_to_resume(journal: Sequence[Entry], *, ready: bool = False) -> int:
    """Index of the step that the release goes on with: the one it stopped at is asked again.

    One that was `ready` goes on after its last step that passed: what was skipped, since no traffic was asked for, is
    asked for now.
    """
    for entry in reversed(journal):
        match entry:
            case Judged(status=Status.SKIPPED) if ready:
                continue
            case Judged():
                return entry.step + (entry.status in (Status.PASSED, Status.SKIPPED))
            case Asked() | Adopted():
                return entry.step
    return 0


def last_requests_made(journal: Sequence[Entry]) -> tuple[Attempt, ...]:
    """The single requests to the candidate that were made last."""
    made = (judged.details.requests_made() for judged in reversed(verdicts(journal)) if judged.details)
    return next((attempts for attempts in made if attempts), ())


def last_diagnosis(journal: Sequence[Entry]) -> Diagnosed | None:
    """The last one; a release that was resumed may have several."""
    return next((entry for entry in reversed(journal) if isinstance(entry, Diagnosed)), None)


def is_diagnosed(journal: Sequence[Entry]) -> bool:
    """The cause of the last verdict is written down already."""
    last = next((entry for entry in reversed(journal) if isinstance(entry, Judged | Diagnosed)), None)
    return isinstance(last, Diagnosed)


MENDED_OUTSIDE = frozenset(
    {
        Code.SETTINGS_ERROR,
        Code.ENVIRONMENT_VARIABLE,
        Code.SECRET_MISSING,
        Code.SECRET_NO_VERSION,
        Code.SECRET_NO_ACCESS,
        Code.WRONG_PORT,
        Code.OUT_OF_MEMORY,
        Code.SLOW_START,
        Code.CPU_STARVED,
        Code.NEVER_LISTENS,
        Code.VPC_MISSING,
        Code.QUOTA,
        Code.REVISION_LIMIT,
        Code.PERMISSION_DENIED,
        Code.IMAGE_MISSING,
        Code.IMAGE_NO_PERMISSION,
        Code.FRONTEND_REFUSED,
        Code.HEALTH_NOT_FOUND,
        Code.HEALTH_REDIRECT,
        Code.HEALTH_BODY,
        Code.DATABASE_REFUSED,
        Code.UPSTREAM_REFUSED,
    }
)
"""Causes whose remedy is in the configuration or the project: the same image may do well afterwards."""


def image_is_to_blame(journal: Sequence[Entry]) -> bool:
    """Whether a step judged the image as bad; a client that died, a failed group or too little evidence did not, and
    neither did what the same image survives with other settings."""
    for entry in reversed(journal):
        if isinstance(entry, Diagnosed) and entry.cause.kind in MENDED_OUTSIDE:
            return False
        if isinstance(entry, Judged):
            return entry.status is Status.FAILED and (entry.details is None or entry.details.blames_image())
        if isinstance(entry, Withdrawn | Adopted) or (isinstance(entry, Asked) and entry.moves_traffic):
            return False
    return False
