"""Which release there is to go on with, and from where: pure decisions.

The journal of this machine tells most. Without one, the service's annotations tell enough: what was released,
how far the traffic was moved, and what restoring puts back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.journal import Adopted, Entry, Judged, LeaseHeld, Started, Withdrawn
from deploy_lib.model.journal_queries import (
    first_start,
    is_ready,
    last_lease,
    latest_release,
    may_be_resumed,
    step_to_resume,
)
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options, Release
from deploy_lib.model.release_history import is_rollback
from deploy_lib.model.release_ids import in_region
from deploy_lib.model.state import ServiceState
from deploy_lib.model.variables import for_release
from deploy_lib.plan import Plan
from deploy_lib.release.changed_plan import refuse_changed_steps, refuse_lost_regions
from deploy_lib.steps.build import BuildSettings, builder_of


class NothingToResume(NotPossible):
    """The service's last release came to its end."""


@dataclass(frozen=True, slots=True)
class Resumable:
    """A release to go on with. `unwritten` are entries made from what the service says, which no journal has yet."""

    plan: Plan
    release: Release
    entries: tuple[Entry, ...] = ()
    unwritten: tuple[Entry, ...] = ()


def resumable(
    plan: Plan,
    state: ServiceState,
    journal: Sequence[Entry],
    commit_of: Callable[[str], str],
    now: datetime,
    *,
    accept: bool = False,
) -> Resumable:
    """The release to go on with; with `accept` from the traffic that serves now.

    `journal` is this machine's: of the release that the service calls unfinished, else of the newest one. `commit_of`
    gives the full hash of a commit that the repository has, and raises where it has not. Raises NotPossible.
    """
    name, left = plan.service.label, state.unfinished
    finish = plan.program.command("rollback", "--force")
    refusal = NotPossible(f"{name}: what was left unfinished is a rollback; {finish} finishes it")
    if left is not None and is_rollback(left.release_id):
        raise refusal
    entries = _with_service(journal, plan) if left is not None or may_be_resumed(journal) else ()
    release = latest_release(entries)
    if release is not None and not ended_elsewhere(entries, release, state):
        if is_rollback(release.id):
            raise refusal
        begun = first_start(journal)
        refuse_lost_regions(plan, release.id, begun.release.service.regions if begun is not None else ())
        commit_of(release.commit)
        return _from_journal(plan, state, entries, release, now, accept=accept)
    if left is None:
        history = plan.program.command("history")
        raise NothingToResume(f"{name}: there is no unfinished release to go on with; {history} lists the others")
    refuse_lost_regions(plan, left.release_id, ())
    return _from_annotations(plan, state, left, commit_of(left.commit), now, accept=accept)


def taken_back(
    found: Sequence[Resumable], states: Sequence[tuple[Plan, ServiceState]], now: datetime
) -> list[Resumable]:
    """The same, where those whose release in another region of the service came to a bad end are given up, too.

    Their client may have died in between.
    """
    return [replace(each, unwritten=(*each.unwritten, *_withdrawn(each, states, now))) for each in found]


def _withdrawn(each: Resumable, states: Sequence[tuple[Plan, ServiceState]], now: datetime) -> Iterator[Withdrawn]:
    own = each.plan.service
    for plan, state in states:
        if plan.service.name != own.name or plan.service.region == own.region:
            continue
        beside = in_region(each.release.id, own, plan.service)
        past = next((past for past in state.history if past.id == beside), None)
        if past is not None and not past.outcome.is_good and not past.outcome.is_open:
            yield Withdrawn(now, f"{plan.service.label} was not released")


def ended_elsewhere(entries: Sequence[Entry], release: Release, state: ServiceState) -> bool:
    """This machine's journal stops short, and the service remembers its end, or something newer: a rollback, say.

    One whose traffic is back may have more to take back.
    """
    if state.unfinished is not None or (state.left is not None and state.left.release_id == release.id):
        return False
    known = next((past for past in state.history if past.id == release.id), None)
    if known is not None and not known.outcome.is_open:
        return True
    if state.lease is not None and state.lease.release_id == release.id:
        return False  # nobody else had it since; what serves holds no record of it until it is changed, as a job does
    return last_lease(entries) is not None and bool(state.history) and state.history[0].id != release.id


def from_traffic_now(plan: Plan, release: Release, state: ServiceState, step: int, now: datetime) -> Adopted:
    """Goes on at that step from the traffic as somebody left it: what serves now is what restoring puts back.

    The candidate's share is left out of that, since nobody wants a failed candidate back. Raises NotPossible.
    """
    if not state.exists:
        raise NotPossible(f"{plan.service.label}: the service does not exist any more", Outcome.REJECTED.exit_code)
    candidate = release.candidate or ""
    moved = bool(state.traffic.shares().get(candidate))
    before = state.traffic.without(candidate)
    known = replace(release, before=before if before.shares() else release.before)
    return Adopted(now, known, step, moved, traffic=state.traffic)


def step_after(plan: Plan, left: UnfinishedRelease) -> int:
    """Index of the step to go on with: after the last promotion that passed, else where the release must begin.

    Without a promotion everything is asked again: a build is found by its tags and a revision by its name, so
    nothing is made twice.
    """
    promotions = [index for index, step in enumerate(plan.steps) if step.position.moves_traffic]
    if left.passed == 0:
        return 0
    return promotions[min(left.passed, len(promotions)) - 1] + 1


def _from_journal(
    plan: Plan, state: ServiceState, entries: tuple[Entry, ...], release: Release, now: datetime, *, accept: bool
) -> Resumable:
    ready = is_ready(entries)
    if ready:
        _require_promotion(plan)
        entries = _each_release(entries, _with_traffic)
    release = latest_release(entries) or release
    step = step_to_resume(entries, ready=ready)
    refuse_changed_steps(plan, entries, release, step)
    unwritten = (from_traffic_now(plan, release, state, step, now),) if accept else ()
    return Resumable(plan, release, entries, unwritten)


def _from_annotations(
    plan: Plan, state: ServiceState, left: UnfinishedRelease, commit: str, now: datetime, *, accept: bool
) -> Resumable:
    """Taken over from what the service says, at the step after the last that surely passed."""
    past = next((past for past in state.history if past.id == left.release_id), None)
    ready = past is not None and past.outcome is Outcome.READY
    if ready:
        _require_promotion(plan)
    builder = builder_of(plan.settings(BuildSettings))
    options = Options(builder=builder, traffic=left.traffic or ready, emergency=left.emergency)
    service = for_release(plan.service, commit, left.release_id)
    release = Release(left.release_id, service, commit, left.started or now, options=options)
    known = replace(
        release,
        image=left.image,
        candidate=left.candidate,
        candidate_url=state.tag_urls.get(left.tag or ""),
        tag=left.tag,
        url=state.url,
        stable_url=_url_of(left.before.main_revision(), state, left.tag),
        before=left.before,
        percent=left.percent,
    )
    step = step_after(plan, left)
    labels = tuple(each.label for each in plan.steps)
    started = Started(now, release, labels, plan.path, program=plan.program)
    if accept:
        return Resumable(plan, release, unwritten=(started, from_traffic_now(plan, known, state, step, now)))
    taken = Adopted(now, known, step, left.asked > 0, unanswered=left.asked > left.passed, traffic=left.last_map())
    return Resumable(plan, release, unwritten=(started, taken))


def _with_service(entries: Sequence[Entry], plan: Plan) -> tuple[Entry, ...]:
    """With the service as the configuration has it now: the journal holds it masked."""
    return _each_release(
        entries, lambda release: replace(release, service=for_release(plan.service, release.commit, release.id))
    )


def _with_traffic(release: Release) -> Release:
    """One that was to bring up its candidate only goes live now."""
    return replace(release, options=replace(release.options, traffic=True))


def _each_release(entries: Sequence[Entry], change: Callable[[Release], Release]) -> tuple[Entry, ...]:
    return tuple(
        replace(entry, release=change(entry.release))
        if isinstance(entry, Started | LeaseHeld | Adopted | Judged)
        else entry
        for entry in entries
    )


def _require_promotion(plan: Plan) -> None:
    """Raises NotPossible when the plan gives no traffic."""
    if not plan.promotes:
        raise NotPossible(
            f"{plan.service.label}: the candidate is up, and no step gives it users: add promote: {{percent: 100}} "
            f"and verify behind {plan.steps[-1].place}"
        )


def _url_of(revision: str | None, state: ServiceState, other_than: str | None) -> str | None:
    """Where the revision alone answers, by a tag that is not the candidate's."""
    tags = state.traffic.tags().items()
    return next((state.tag_urls.get(tag) for tag, name in tags if name == revision and tag != other_than), None)
