"""What happens next, decided from the plan and the journal alone, and what is safe to restore.

The journal is the only state: run a step, take the lease, restore, or stop. A request without an answer that could
have moved traffic counts as moved, so on resume it is restored; any other unanswered request is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from deploy_lib.model.journal import (
    Adopted,
    Asked,
    Entry,
    Judged,
    LeaseRefused,
    ReleaseInterrupted,
    RestoreAnswered,
    RestoreAsked,
    Stopped,
    Withdrawn,
)
from deploy_lib.model.journal_queries import (
    adopted,
    last_deciding_entry,
    last_restore,
    last_taken_back,
    last_verdict,
    latest_release,
    lease_held,
    lease_left_open,
    reason_to_restore,
    restore_target,
    started_since,
    step_to_resume,
    steps_that_passed,
    stopped_unwritten,
    taking_back,
    traffic_may_have_moved,
    why_restored,
    without_busy_attempts,
)
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class RunStep:
    """Run the step of that index."""

    index: int


@dataclass(frozen=True, slots=True)
class AcquireLease:
    """Nothing in the cloud may be changed before this is answered."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Put `target` back, and say `why`."""

    target: TrafficMap
    why: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take back what the step of that index did, as its settings say."""

    index: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The release has ended with that outcome."""

    outcome: Outcome
    reason: str


Effect = RunStep | AcquireLease | Restore | TakeBack
Move = Effect | Finish


def next_move(plan: Plan, journal: Sequence[Entry]) -> Move:
    """The one thing to do now. Pure; asking twice with the same journal gives the same move."""
    journal = without_busy_attempts(journal)
    begun = [entry for entry in journal if not isinstance(entry, Stopped)] if taking_back(journal) else journal
    move = _wanted(plan, begun)
    if isinstance(move, Finish) and not _is_over(journal):
        move = _taken_back(plan, journal, move)
    return AcquireLease() if isinstance(move, Finish) and lease_left_open(journal) else move


def next_to_foresee(plan: Plan, release: Release, step: int, seen: Sequence[Status | None]) -> RunStep | Finish:
    """As `next_move`, for a release of which only what reads is done: goes on after a check that fails, to tell all.

    `step` is the first that was not looked at, `seen` what came of those before; None for one that was only described.
    What a first release leaves out is left out.
    """
    for index in range(step, len(plan.steps)):
        if not (release.first and plan.steps[index].position.needs_stable):
            return RunStep(index)
    if Status.ERRORED in seen:
        return Finish(Outcome.UNKNOWN, "some checks could not be made")
    if Status.FAILED in seen:
        return Finish(Outcome.REJECTED, "this release would be rejected")
    live = plan.promotes and release.options.traffic
    return Finish(Outcome.LIVE if live or release.first else Outcome.READY, "no check would reject this release")


def why_skipped(step: Step, release: Release) -> str:
    """Why a step has nothing to do in this release; empty when it has."""
    place = step.position
    if not release.options.traffic and not release.first and not place.before_traffic:
        return "asked for no traffic"
    return place.needs_stable if release.first else ""


def _wanted(plan: Plan, journal: Sequence[Entry]) -> Move:
    last = last_deciding_entry(journal)
    match last:
        case None:
            return _step_or_lease(plan, journal, 0)
        case Stopped():
            if not started_since(journal, last):
                return Finish(last.outcome, last.reason)
            step = step_to_resume(journal, ready=last.outcome is Outcome.READY)
            return _step_or_lease(plan, journal, min(step, len(plan.steps) - 1))  # what was held at its end looks again
        case LeaseRefused():
            return Finish(_outcome_of_refusal(last), last.reason)
        case Adopted() if last.unanswered and not last.release.first:
            why = "it was taken over before the answer to its last traffic move came"
            return _give_up(plan, journal, Outcome.REJECTED, why)
        case Adopted():
            return _step_or_lease(plan, journal, last.step)
        case RestoreAnswered():
            return _after_restore(journal, last)
        case RestoreAsked():
            return _restore_or_lease(journal, last.target, last.why)
        case ReleaseInterrupted() if last.errored:
            return _put_back(journal, last.by) if traffic_may_have_moved(journal) else Finish(Outcome.UNKNOWN, last.by)
        case ReleaseInterrupted():
            return _give_up(plan, journal, Outcome.INTERRUPTED, f"interrupted by {last.by}")
        case Withdrawn(hold=True):
            return Finish(Outcome.HELD, last.why)
        case Withdrawn():
            moved = traffic_may_have_moved(journal)
            return _put_back(journal, last.why) if moved else Finish(Outcome.REJECTED, last.why)
        case Asked():
            return _unanswered(plan, journal, last)
        case Judged():
            return _after_step(plan, journal, last)
        case _:
            assert_never(last)


def _is_over(journal: Sequence[Entry]) -> bool:
    last = last_deciding_entry(journal)
    return isinstance(last, Stopped) and not started_since(journal, last)


def _taken_back(plan: Plan, journal: Sequence[Entry], end: Finish) -> Move:
    """Before a release ends that failed: what its steps did and are to take back, the last first.

    One that can be resumed keeps all, unless its traffic was put back; and so does one of which nothing can be written.
    """
    release, back = latest_release(journal), last_restore(journal)
    put_back = end.outcome is Outcome.UNKNOWN and back is not None and back.whole
    if release is None or not (end.outcome in (Outcome.REJECTED, Outcome.INTERRUPTED) or put_back):
        return end
    if stopped_unwritten(journal):
        return end
    reason = end.reason
    passed = [index for index in steps_that_passed(journal) if index < len(plan.steps)]  # it may be shorter by now
    for index in reversed(passed):
        step = plan.steps[index]
        if step.kind.take_back(step.settings, release) is None:
            continue
        done = last_taken_back(journal, index)
        if done is None:
            return TakeBack(index) if lease_held(journal) else AcquireLease()
        if not done.whole:
            why = f"{reason}; {done.label} could not be taken back: {done.reason}"
            return Finish(Outcome.HELD, why)
        reason = f"{reason}; {done.label} was taken back: {done.reason}"
    return Finish(end.outcome, reason)


def _step_or_lease(plan: Plan, journal: Sequence[Entry], index: int) -> Move:
    if index >= len(plan.steps):
        return _end(plan, journal)
    if plan.steps[index].kind.cloud and not lease_held(journal):
        return AcquireLease()
    return RunStep(index)


def _outcome_of_refusal(refused: LeaseRefused) -> Outcome:
    if refused.busy:
        return Outcome.BUSY
    return Outcome.UNKNOWN if refused.errored else Outcome.REJECTED


def _restore_or_lease(journal: Sequence[Entry], target: TrafficMap, why: str) -> Move:
    return Restore(target, why) if lease_held(journal) else AcquireLease()


def _after_step(plan: Plan, journal: Sequence[Entry], judged: Judged) -> Move:
    match judged.status:
        case Status.PASSED | Status.SKIPPED:
            return _step_or_lease(plan, journal, judged.step + 1)
        case Status.WAITING:
            return Finish(Outcome.HELD, f"{judged.label}: {judged.reason}")
        case Status.FAILED if judged.hold:
            return Finish(Outcome.HELD, f"{judged.label}: {judged.reason}")
        case Status.INCONCLUSIVE if judged.conflict:
            return Finish(Outcome.HELD, f"{judged.label}: {judged.reason}")
        case Status.INCONCLUSIVE if plan.on_inconclusive == "continue":
            return _step_or_lease(plan, journal, judged.step + 1)
        case Status.INCONCLUSIVE if plan.on_inconclusive == "hold":
            return Finish(Outcome.HELD, f"{judged.label}: not enough evidence: {judged.reason}")
        case Status.ERRORED:
            return _give_up(plan, journal, Outcome.UNKNOWN, f"{judged.label}: could not find out: {judged.reason}")
        case Status.FAILED | Status.INCONCLUSIVE:
            return _give_up(plan, journal, Outcome.REJECTED, f"{judged.label}: {judged.reason}")
        case _:
            assert_never(judged.status)


def _give_up(plan: Plan, journal: Sequence[Entry], outcome: Outcome, reason: str) -> Move:
    """Stop, and restore first when users may have met the candidate."""
    if not traffic_may_have_moved(journal):
        return Finish(outcome, reason)
    if plan.on_failure == "hold" and outcome is not Outcome.INTERRUPTED:
        return Finish(Outcome.HELD, reason)
    return _put_back(journal, reason)


def _put_back(journal: Sequence[Entry], reason: str) -> Move:
    """Restore whatever the policy says."""
    target = restore_target(journal)
    if target is None:
        return Finish(Outcome.HELD, f"{reason}; there is no earlier revision to go back to")
    return _restore_or_lease(journal, target, reason)


def _unanswered(plan: Plan, journal: Sequence[Entry], asked: Asked) -> Move:
    if asked.moves_traffic and not _has_all_anyway(journal):
        return _give_up(plan, journal, Outcome.REJECTED, f"{asked.label}: the client ended before the answer came")
    return _step_or_lease(plan, journal, asked.step)


def _has_all_anyway(journal: Sequence[Entry]) -> bool:
    """A service's first revision has all traffic, whatever was asked and answered."""
    release = latest_release(journal)
    return release is not None and release.first


def _after_restore(journal: Sequence[Entry], answer: RestoreAnswered) -> Move:
    why = why_restored(journal)
    if not answer.whole:
        return Finish(Outcome.HELD, f"{why}; restoring did not succeed: {answer.reason}")
    return Finish(_outcome_behind(journal), why)


def _outcome_behind(journal: Sequence[Entry]) -> Outcome:
    """Why a restore was wanted decides the exit code: an interruption, an unknown, or a rejection."""
    match reason_to_restore(journal):
        case ReleaseInterrupted() as stopped:
            return Outcome.UNKNOWN if stopped.errored else Outcome.INTERRUPTED
        case Judged(status=Status.ERRORED):
            return Outcome.UNKNOWN
        case Judged() | Withdrawn() | None:
            return Outcome.REJECTED


def _end(plan: Plan, journal: Sequence[Entry]) -> Finish:
    """Every step is done: live where the plan gives the candidate all traffic, else ready.

    A service's first revision has all traffic from its start, whatever was asked for.
    """
    release = latest_release(journal)
    with_traffic = plan.promotes and (release is None or release.options.traffic)
    if with_traffic or release is None:
        return Finish(Outcome.LIVE, _live_reason(journal))
    if release.first:
        return Finish(Outcome.LIVE, f"{release.candidate} has all traffic at once, being the service's first revision")
    where = f" at {release.candidate_url}" if release.candidate_url else ""
    return Finish(Outcome.READY, f"{release.candidate} is up and has no users, as asked; it answers{where}")


def _live_reason(journal: Sequence[Entry]) -> str:
    last = last_verdict(journal)
    if last is None and adopted(journal):
        return "every step had passed when it was taken over"
    return last.reason if last else "the plan has no steps"
