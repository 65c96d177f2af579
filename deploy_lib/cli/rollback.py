"""rollback: puts good traffic back in one command, with no build and no journal; the service itself remembers.

Of several services first every target is chosen, so that nothing moves when one has none.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from deploy_lib.cli.identity import holder, new_release
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.release_store import journals
from deploy_lib.cli.run_output import run_output
from deploy_lib.cli.selection import Selection, select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show import display as displays
from deploy_lib.cli.show.console import say
from deploy_lib.cli.show.display import Display
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.model.journal import Stopped
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.executor import execute
from deploy_lib.release.group import Ended
from deploy_lib.release.last_line import interrupted_half_way, stopped, stopped_half_way
from deploy_lib.release.recorder import Recorder
from deploy_lib.release.rollback.memory import remembered
from deploy_lib.release.rollback.offers import commands, offers
from deploy_lib.release.rollback.procedure import Rollback, as_release, commit_of_target
from deploy_lib.release.rollback.target import Choice, choose, tag_of

LIST = "?"
"""What --to holds when it was given without a name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of `choice` and `refused` is there."""

    plan: Plan
    state: ServiceState
    choice: Choice | None = None
    refused: NotPossible | None = None


def main(args: argparse.Namespace) -> int:
    wait = seconds("--wait", args.wait)
    selection = select(args, source=False)
    if args.to and len(selection.plans) > 1:
        raise NotPossible("--to names a revision of one service; give one --service")
    clock = SystemClock()
    with open_session(selection, args, clock) as session:
        if args.to == LIST:
            return _list(session, selection)
        wanted = [_wanted(session, plan, args) for plan in selection.plans]
        display = displays.choose(args.output, tuple(plan.service.name for plan in selection.plans))
        if any(each.refused for each in wanted):
            with closing(display):
                return _refuse(session, wanted, display, args.output)
        notifier = Notifier(selection.config.settings.webhook_env, session.state)
        finishes = selection.program.command("rollback", "--force")
        try:
            with stopping(clock, finishes, display.stopping) as signals, closing(display):
                ends = {
                    each.plan.service.name: _carry_out(session, args, each, each.choice, display, notifier, wait)
                    for each in wanted
                    if each.choice is not None
                }
                return signals.decided(Ended(ends).exit_code)
        except Interrupted:
            raise NotPossible(interrupted_half_way(finishes), Outcome.INTERRUPTED.exit_code) from None


def _carry_out(
    session: Session,
    args: argparse.Namespace,
    wanted: Wanted,
    choice: Choice,
    display: Display,
    notifier: Notifier,
    wait: float,
) -> Stopped:
    """Raises Interrupted when a person would not wait for the traffic; what serves then is shown before."""
    plan, state, drivers = wanted.plan, wanted.state, session.traffic_drivers(wanted.plan)
    made = new_release(plan, commit_of_target(state, choice), Options(), session.clock.now())
    release = as_release(made, state, choice)
    with run_output(session.state, plan, release.id, display, notifier) as output:
        rollback = Rollback(
            plan,
            drivers,
            Recorder(output.note),
            output.tell,
            holder(),
            release,
            state,
            choice,
            partial(_remembered, session, plan),
            args.to,
            probe=not args.now,
            force=args.force,
            wait=wait,
        )
        try:
            end = execute(rollback)
        except Interrupted:
            now, again = session.clock.now(), plan.program.command("rollback", "--force")
            output.show(stopped_half_way(drivers.services, plan.service, now, again, rollback.last_seen()))
            raise
    notifier.ended(plan, release.id)
    return end


def _remembered(session: Session, plan: Plan, state: ServiceState) -> ServiceState:
    return remembered(state, journals(session.state, plan.service))


def _read(session: Session, plan: Plan) -> ServiceState:
    return _remembered(session, plan, session.services(plan).read_state(plan.service))


def _wanted(session: Session, plan: Plan, args: argparse.Namespace) -> Wanted:
    state = _read(session, plan)
    try:
        return Wanted(plan, state, choice=choose(state, args.to, force=args.force, tag=tag_of(plan)))
    except NotPossible as refused:
        return Wanted(plan, state, refused=refused)


def _refuse(session: Session, wanted: Sequence[Wanted], display: Display, output: str) -> int:
    """Every service is told, and every service's last line says what serves."""
    for each in wanted:
        why = each.refused.message if each.refused else "nothing was done, since another service cannot be rolled back"
        offered = commands(each.plan, each.state) if each.refused else ()
        service, seen, now = each.plan.service, f"last seen: {each.state.traffic}", session.clock.now()
        end = stopped(session.services(each.plan), service, now, Outcome.REJECTED, why, offered, seen)
        display.entry(service.name, end)
    told = [f"{each.plan.service.name}: {each.refused.message}" for each in wanted if each.refused]
    if output == "json":
        raise NotPossible("\n  ".join(told), Outcome.REJECTED.exit_code)  # for the person who reads standard error
    return Outcome.REJECTED.exit_code


def _list(session: Session, selection: Selection) -> int:
    """What there is to go back to."""
    for plan in selection.plans:
        state = _read(session, plan)
        say(f"{plan.service.name}: --to takes a release, a revision, a commit or last-release")
        say("\n".join(offers(state)))
        say(f"serving: {state.traffic}")
    return 0
