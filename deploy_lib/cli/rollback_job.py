"""rollback --job: the image of the last good update, given to the job by the same executor; nothing is built or run."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime

from deploy_lib.cli.deploy import carry_out
from deploy_lib.cli.identity import new_release
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.release_runner import release_runner
from deploy_lib.cli.result import CommandResult
from deploy_lib.cli.selection import Selection
from deploy_lib.cli.session import Session
from deploy_lib.cli.show.console import say
from deploy_lib.cli.show.display import choose
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options, Release
from deploy_lib.model.release_history import ROLLBACK, is_rollback
from deploy_lib.model.state import PastRelease, ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.runner import ReleaseRunner


def main(
    args: argparse.Namespace, selection: Selection, session: Session, clock: SystemClock, result: CommandResult
) -> int:
    """The exit code of all together. Raises NotPossible, before anything is changed."""
    plans = [_update_only(plan) for plan in selection.plans]
    chosen = [(plan, earlier(session.services(plan).read_state(plan.service), plan, args.to)) for plan in plans]
    result.begin([plan.service.name for plan in plans])
    display = choose(args.output, tuple(plan.service.name for plan in plans))
    notifier = Notifier(selection.config.settings.subscriptions(), session.state, session.clients, None, result)
    stops = stopping(clock, selection.program.command("rollback", "--force"), display.stopping, result.cut_short)
    with closing(notifier), stops as signals, closing(display):
        wait = seconds("--wait", args.wait)
        runners: list[ReleaseRunner] = [
            release_runner(
                session, plan, release_of(plan, past, clock.now()), display, notifier, take_over=args.force, wait=wait
            )
            for plan, past in chosen
        ]
        return signals.decided(carry_out(runners, clock, selection.program))


def earlier(state: ServiceState, plan: Plan, wanted: str | None) -> PastRelease:
    """The last good update before the one whose image the job has, or the one that --to names. Raises NotPossible."""
    service = plan.service
    if not state.exists:
        raise NotPossible(f"{service.name}: there is no job {service.cloud_run}")
    good = [past for past in state.history if past.outcome is Outcome.LIVE and past.digest]
    if wanted is not None:
        named = [each for each in good if each.id.endswith(wanted) or each.commit.startswith(wanted)]
        if not named:
            status = plan.program.command("status")
            raise NotPossible(f"{service.name}: no good release of it is {wanted}; {status} lists them")
        return named[0]
    if (left := state.unfinished) is not None and is_rollback(left.release_id):
        return _finished(left, good, plan)
    now = next((each.image for each in state.revisions), "").rpartition("@")[2]
    places = [index for index, past in enumerate(good) if past.digest == now]
    older = good[places[-1] + 1 :] if places else good
    found = next((past for past in older if past.digest != now), None)
    if found is None:
        raise NotPossible(_nothing_earlier(plan, state, now))
    return found


def _nothing_earlier(plan: Plan, state: ServiceState, now: str) -> str:
    """With what there is to do instead."""
    service, program = plan.service, plan.program
    said = f"{service.name}: the job remembers no good image before {now or 'the one it has'}"
    if state.unfinished is not None:
        resume, deploy = program.command("resume", "--force"), program.command("deploy")
        return f"{said}; {resume} goes on with {state.unfinished.release_id}, {deploy} releases it anew"
    return f"{said}; {program.command('deploy')} gives it another one"


def show_offers(session: Session, plans: Sequence[Plan]) -> int:
    """What there is to go back to, for each of them."""
    for plan in plans:
        state = session.services(plan).read_state(plan.service)
        say(f"{plan.service.name}: --to takes a release or a commit, which ended well")
        say(*offers(state))
        say(f"now: {session.services(plan).read_serving(plan.service).words}")
    return 0


def offers(state: ServiceState) -> Iterator[str]:
    """A line for each update that ended well, the newest first."""
    good = [past for past in state.history if past.outcome is Outcome.LIVE and past.digest]
    if not good:
        yield "  nothing: the job remembers no good update"
    for past in good:
        yield f"  release   {past.id}  {past.at:%Y-%m-%d %H:%M} UTC  commit {past.commit[:7]}  {past.digest}"


def _finished(left: UnfinishedRelease, good: Sequence[PastRelease], plan: Plan) -> PastRelease:
    """What a rollback was to give the job, whose client died after it had: to go further back is nobody's wish."""
    found = next((past for past in good if past.digest == digest_of(left.image)), None)
    if found is None:
        raise NotPossible(f"{plan.service.name}: the job remembers no good image like that of {left.release_id}")
    return found


def _update_only(plan: Plan) -> Plan:
    assert plan.service.job is not None, "of jobs only"
    target = replace(plan.service.job, run=False)
    return replace(plan, service=replace(plan.service, job=target), steps=plan.steps[-1:])


def release_of(plan: Plan, past: PastRelease, now: datetime) -> Release:
    """Called a rollback, so that `resume` does not take it for a release of the whole plan, which builds and runs."""
    made = new_release(plan, past.commit, Options(force=True), now)
    return replace(made, id=f"{made.id}{ROLLBACK}", image=f"{plan.service.image_name}@{past.digest}")
