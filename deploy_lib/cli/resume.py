"""resume: goes on with a release that was held, interrupted, or whose client died; on any machine.

The journal of this machine tells most. Without one, the service's own annotations tell enough: what was released,
how far the traffic was moved, and what restoring puts back.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime

from deploy_lib.cli.deploy import carry_out
from deploy_lib.cli.failure import Failure
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.options import configured_builder
from deploy_lib.cli.paths import releases_directory
from deploy_lib.cli.release_runner import OpenJournal, ReleaseRunner, on_this_plan
from deploy_lib.cli.selection import commit_of, select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.display import choose
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.journal import Journal, read
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.journal import Adopted, Asked, Entry, Judged, LeaseHeld, Started, Stopped
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options, Release, Status
from deploy_lib.model.release_history import is_rollback
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan


def main(args: argparse.Namespace, clock: SystemClock | None = None, open_journal: OpenJournal = Journal) -> int:
    wait = seconds("--wait", args.wait)
    selection = select(args)
    clock = clock or SystemClock()
    with open_session(selection, args, clock) as session:
        found = _all_unfinished(session, selection.plans, accept=args.accept)
        display = choose(args.output, tuple(plan.service.name for plan in selection.plans))
        notifier = Notifier(selection.config.settings.webhook_env, session.state)
        with stopping(clock, selection.program.command("resume"), display.stopping) as signals, closing(display):
            runners = [
                ReleaseRunner(
                    session,
                    each.plan,
                    each.release,
                    display,
                    notifier,
                    args.force,
                    wait,
                    entries=each.entries,
                    unwritten=each.unwritten,
                    open_journal=open_journal,
                )
                for each in found
            ]
            return signals.decided(carry_out(runners, clock, selection.program))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A release to go on with. `unwritten` are entries made from the service's annotations."""

    plan: Plan
    release: Release
    entries: list[Entry] = field(default_factory=list)
    unwritten: list[Entry] = field(default_factory=list)


class NothingToGoOnWith(Failure):
    """The service's last release came to its end."""


def _all_unfinished(session: Session, plans: Sequence[Plan], *, accept: bool) -> list[Unfinished]:
    """Of several services, those without an unfinished release are told and left out. Raises Failure when all are."""
    found: list[Unfinished] = []
    ended: list[str] = []
    for plan in plans:
        try:
            found.append(_unfinished(session, plan, accept=accept))
        except NothingToGoOnWith as nothing:
            ended.append(nothing.message)
    if not found:
        raise NothingToGoOnWith("\n  ".join(ended))
    for message in ended:
        print(message, file=sys.stderr)
    return found


def _unfinished(session: Session, plan: Plan, *, accept: bool) -> Unfinished:
    """The release to go on with; with `accept` from the traffic that serves now. Raises Failure when there is none."""
    state, name = session.services(plan).read_state(plan.service), plan.service.name
    left = state.unfinished
    if left is not None and is_rollback(left.release_id):
        finish = plan.program.command("rollback", "--force")
        raise Failure(f"{name}: what was left unfinished is a rollback; {finish} finishes it")
    entries = _journal_of(session, plan, left.release_id if left else None)
    release = latest_release(entries)
    if release is not None and not ended_elsewhere(entries, release, state):
        commit_of(session.root, release.commit)
        if is_ready(entries):
            entries = with_traffic(entries, plan)
        release = latest_release(entries) or release
        unwritten = [accepted(plan, release, state, _next_step(entries), session.clock.now())] if accept else []
        return Unfinished(plan, release, entries, list(unwritten))
    if left is None:
        raise NothingToGoOnWith(
            f"{name}: there is no unfinished release to go on with; {plan.program.command('history')} lists the others"
        )
    commit = commit_of(session.root, left.commit)
    found = adopted(plan, state, left, commit, session.clock.now())
    if accept:
        taken = found.unwritten[-1]
        assert isinstance(taken, Adopted), "the last entry made from the annotations"
        found.unwritten[-1] = accepted(plan, taken.release, state, taken.step, session.clock.now())
    return found


def accepted(plan: Plan, release: Release, state: ServiceState, step: int, now: datetime) -> Adopted:
    """Goes on at that step from the traffic as somebody left it: what serves now is what restoring puts back.

    The candidate's own share is left out of that, since nobody wants a failed candidate back.
    """
    if not state.exists:
        raise Failure(f"{plan.service.name}: the service does not exist any more", 1)
    candidate = release.candidate or ""
    moved = bool(state.traffic.shares().get(candidate))
    before = state.traffic.without(candidate)
    known = replace(release, before=before if before.shares() else release.before)
    return Adopted(now, known, step, moved, traffic=state.traffic)


def _next_step(entries: Sequence[Entry]) -> int:
    """Index of the step that a release was stopped at; of one that is ready, the first that it skipped for that."""
    ready = is_ready(entries)
    for entry in reversed(entries):
        if ready and isinstance(entry, Judged) and entry.status is Status.SKIPPED:
            continue
        if isinstance(entry, Asked):
            return entry.step
        if isinstance(entry, Judged):
            return entry.step + (entry.status in (Status.PASSED, Status.SKIPPED))
        if isinstance(entry, Adopted):
            return entry.step
    return 0


def ended_elsewhere(entries: Sequence[Entry], release: Release, state: ServiceState) -> bool:
    """This machine's journal stops short, and the service remembers its end, or something newer: a rollback, say."""
    if state.unfinished is not None:
        return False
    known = next((past for past in state.history if past.id == release.id), None)
    if known is not None and not known.outcome.is_open:
        return True
    leased = any(isinstance(entry, LeaseHeld) for entry in entries)
    return leased and bool(state.history) and state.history[0].id != release.id


def _journal_of(session: Session, plan: Plan, release_id: str | None) -> list[Entry]:
    """This machine's journal of that release, or else of the last one if it did not reach its end."""
    root = releases_directory(session.state, plan.service.project) / plan.service.name
    if release_id is not None:
        return on_this_plan(read(root / release_id).entries, plan)
    kept = (path for path in root.glob("*") if path.is_dir() and not is_rollback(path.name))
    newest = max(kept, key=lambda path: path.name, default=None)
    entries = list(read(newest).entries) if newest else []
    return on_this_plan(entries, plan) if entries and may_go_on(entries) else []


def is_ready(entries: Sequence[Entry]) -> bool:
    """The candidate is up, as asked, and what is left is to give it the users."""
    return bool(entries) and isinstance(entries[-1], Stopped) and entries[-1].outcome is Outcome.READY


def with_traffic(entries: Sequence[Entry], plan: Plan) -> list[Entry]:
    """The entries of a release that was to bring up its candidate only, and is to go live now.

    Raises Failure when the plan gives no traffic.
    """
    _require_promotion(plan)
    return [
        replace(entry, release=replace(entry.release, options=replace(entry.release.options, traffic=True)))
        if isinstance(entry, Started | LeaseHeld | Adopted | Judged)
        else entry
        for entry in entries
    ]


def _require_promotion(plan: Plan) -> None:
    if not plan.promotes:
        raise Failure(
            f"{plan.service.name}: the candidate is up, and no step gives it users: add promote: {{percent: 100}} "
            f"and verify behind {plan.steps[-1].place}"
        )


def may_go_on(entries: Sequence[Entry]) -> bool:
    """A release that is live or rejected is over; one that was held, or that nobody ended, is not."""
    last = entries[-1]
    return not isinstance(last, Stopped) or last.outcome.is_open


def adopted(plan: Plan, state: ServiceState, left: UnfinishedRelease, commit: str, now: datetime) -> Unfinished:
    """A release taken over from its service's annotations, at the step after the last that surely passed."""
    past = next((past for past in state.history if past.id == left.release_id), None)
    ready = past is not None and past.outcome is Outcome.READY
    if ready:
        _require_promotion(plan)
    release = Release(
        left.release_id,
        plan.service,
        commit,
        left.started or now,
        options=Options(builder=configured_builder(plan), traffic=left.traffic or ready),
    )
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
    step, traffic = step_after(plan, left), None
    if left.asked and left.candidate and left.tag:
        traffic = left.before.tagged(left.tag, left.candidate).moved(left.candidate, left.percent)
    entry = Adopted(now, known, step, left.asked > 0, unanswered=left.asked > left.passed, traffic=traffic)
    labels = tuple(each.label for each in plan.steps)
    return Unfinished(plan, release, unwritten=[Started(now, release, labels, plan.path, program=plan.program), entry])


def _url_of(revision: str | None, state: ServiceState, other_than: str | None) -> str | None:
    """Where the revision alone answers, by a tag that is not the candidate's."""
    tags = state.traffic.tags().items()
    return next((state.tag_urls.get(tag) for tag, name in tags if name == revision and tag != other_than), None)


def step_after(plan: Plan, left: UnfinishedRelease) -> int:
    """Index of the step to go on with: after the last promotion that passed, else where the release must begin.

    Without a promotion everything is asked again: a build is found by its tags and a revision by its name, so
    nothing is made twice.
    """
    promotions = [index for index, step in enumerate(plan.steps) if step.kind.position.moves_traffic]
    if left.passed == 0:
        return 0
    return promotions[min(left.passed, len(promotions)) - 1] + 1
