"""One step for real: asked, judged, and written down."""

from __future__ import annotations

from dataclasses import replace

from deploy_lib.decide import why_skipped
from deploy_lib.drivers.interface import DriverError, Interrupted, Tell
from deploy_lib.model.answers import CallFailed, RevisionCreated
from deploy_lib.model.journal import Asked, Judged, LeaseRefused
from deploy_lib.model.journal_queries import last_lease, lease_held, own_traffic_maps
from deploy_lib.model.release import Release, Status
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.guarded import leave_guard
from deploy_lib.release.lease import known_bad
from deploy_lib.release.observe import until_judged
from deploy_lib.release.perform import Answer, Request, perform
from deploy_lib.steps.kind import Verdict
from deploy_lib.steps.promote import MoveTraffic

LOOKS_AT_LEASE = 10.0
"""Seconds. A step that watches for longer sees so soon that somebody has taken the service over: what it sees from then
on is of another's traffic."""


def run_step(context: ReleaseContext, index: int) -> None:
    """Records Asked before the effect and Judged after it. Raises Interrupted."""
    step, clock = context.plan.steps[index], context.drivers.clock
    began = clock.monotonic()
    skipped = why_skipped(step, context.release)
    if skipped:
        _judged(context, index, Verdict(Status.SKIPPED, skipped, context.release), 0.0)
        return
    request = step.kind.ask(step.settings, context.release)
    target = None
    if isinstance(request, MoveTraffic):
        request = replace(request, ours=own_traffic_maps(context.entries))
        target = request.target
    moves = step.position.moves_traffic
    if moves and (unwatched := leave_guard(context)):
        _judged(context, index, Verdict(Status.ERRORED, unwatched, context.release), clock.monotonic() - began)
        return
    if not context.record(Asked(clock.now(), index, step.kind.name, step.label, moves_traffic=moves, target=target)):
        return

    looked = began

    def ask(request: Request, tell: Tell) -> Answer | CallFailed:
        nonlocal looked
        if clock.monotonic() - looked >= LOOKS_AT_LEASE and lease_held(context.entries):
            looked = clock.monotonic()
            if by := taken_over(context):
                return CallFailed(by, conflict=True)
        return perform(request, context.drivers, tell)

    try:
        found = until_judged(step.kind, step.settings, context.release, request, ask, clock, context.tell)
    except Interrupted:
        context.drivers.services.give_up(context.tell)
        raise
    finally:
        context.drivers.urls.rest()
    if isinstance(found.answer, RevisionCreated) and not found.answer.ready:
        context.evidence = found.answer.evidence
    failed = found.verdict if isinstance(found.verdict, CallFailed) else None
    if failed and failed.busy:
        context.record(LeaseRefused(clock.now(), failed.reason, failed.remedy, busy=True))
        return
    if isinstance(found.verdict, CallFailed):
        context.evidence = found.verdict.evidence
        verdict = _of_failed_call(found.verdict, context.release)
    else:
        verdict = _unless_bad(context, found.verdict)
    stop: Interrupted | None = None
    try:
        verdict = _unless_taken_over(context, verdict)
    except Interrupted as interrupted:  # what was judged is written down first
        stop = interrupted
    _judged(context, index, verdict, clock.monotonic() - began, untouched=bool(failed and failed.no_effect))
    if isinstance(request, MoveTraffic) and verdict.status is Status.PASSED:
        _record_passed(context, request)
    if stop is not None:
        raise stop


def taken_over(context: ReleaseContext) -> str:
    """By whom; empty while the service is this release's, and where it cannot be read. Raises Interrupted."""
    try:
        return context.drivers.services.taken_over(context.release.service)
    except DriverError:
        return ""


def _of_failed_call(answer: CallFailed, release: Release) -> Verdict:
    status = Status.INCONCLUSIVE if answer.conflict else Status.ERRORED
    reason = f"{answer.reason} ({answer.remedy})" if answer.remedy else answer.reason
    return Verdict(status, reason, release, conflict=answer.conflict)


def _unless_bad(context: ReleaseContext, verdict: Verdict) -> Verdict:
    """A step that brought the image may have brought one that failed before."""
    lease = last_lease(context.entries)
    if lease is None or verdict.status is not Status.PASSED or context.release.image == verdict.release.image:
        return verdict
    refusal = known_bad(verdict.release, lease.bad)
    return replace(verdict, status=Status.FAILED, reason=refusal) if refusal else verdict


def _unless_taken_over(context: ReleaseContext, verdict: Verdict) -> Verdict:
    """What looks bad once somebody else has the service, a tag that is gone for instance, says nothing of the image."""
    if verdict.status in (Status.PASSED, Status.SKIPPED) or not lease_held(context.entries):
        return verdict
    by = taken_over(context)
    return Verdict(Status.INCONCLUSIVE, by, context.release, conflict=True) if by else verdict


def _judged(context: ReleaseContext, index: int, verdict: Verdict, seconds: float, *, untouched: bool = False) -> None:
    step = context.plan.steps[index]
    context.record(
        Judged(
            context.now(),
            index,
            step.kind.name,
            step.label,
            verdict.status,
            verdict.reason,
            verdict.release,
            seconds,
            findings=verdict.findings,
            details=verdict.details,
            conflict=verdict.conflict,
            hold=verdict.hold,
            untouched=untouched,
        )
    )


def _record_passed(context: ReleaseContext, request: MoveTraffic) -> None:
    """Tell other machines that this move was answered; without it they would restore instead of going on."""
    try:
        context.drivers.services.record_passed(request)
    except DriverError as problem:
        context.tell(f"the progress could not be noted on the service: {problem.reason}")
