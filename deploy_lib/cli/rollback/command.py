"""Rolls back one service or several: first every target is chosen, so that nothing moves when one has none."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import dataclass

from deploy_lib.cli.failure import Failure
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.rollback.memory import with_memory
from deploy_lib.cli.rollback.offers import offers, older
from deploy_lib.cli.rollback.rollback import Rollback
from deploy_lib.cli.rollback.target import Choice, choose, tag_of
from deploy_lib.cli.selection import Selection, select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show import display as displays
from deploy_lib.cli.show.console import say
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.model.journal import Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.group import Ended
from deploy_lib.release.last_line import serving_now

LIST = "?"
"""What --to holds when it was given without a name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of `choice` and `refused` is there."""

    plan: Plan
    state: ServiceState
    choice: Choice | None = None
    refused: Failure | None = None


def main(args: argparse.Namespace) -> int:
    wait = seconds("--wait", args.wait)
    selection = select(args, source=False)
    if args.to and len(selection.plans) > 1:
        raise Failure("--to names a revision of one service; give one --service")
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
                    each.plan.service.name: Rollback(
                        session,
                        each.plan,
                        display,
                        notifier,
                        each.state,
                        each.choice,
                        args.to,
                        probe=not args.now,
                        force=args.force,
                        wait=wait,
                    ).carry_out()
                    for each in wanted
                    if each.choice is not None
                }
                return signals.decided(Ended(ends).exit_code)
        except Interrupted:
            raise Failure(
                f"interrupted while the traffic was being put back; {finishes} finishes it",
                Outcome.INTERRUPTED.exit_code,
            ) from None


def _wanted(session: Session, plan: Plan, args: argparse.Namespace) -> Wanted:
    state = with_memory(session.services(plan).read_state(plan.service), session.state, plan)
    try:
        return Wanted(plan, state, choice=choose(state, args.to, force=args.force, tag=tag_of(plan)))
    except Failure as failure:
        return Wanted(plan, state, refused=failure)


def _refuse(session: Session, wanted: list[Wanted], display: displays.Display, output: str) -> int:
    """Every service is told, and every service's last line says what serves."""
    for each in wanted:
        why = each.refused.message if each.refused else "nothing was done, since another service cannot be rolled back"
        serving = serving_now(session.services(each.plan), each.plan.service, f"last seen: {each.state.traffic}")
        program = each.plan.program
        commands = tuple(
            program.command("rollback", "--to", name, note=f"made {when}, ready; it is asked before it gets users")
            for name, when in older(each.state)
        )
        stopped = Stopped(session.clock.now(), Outcome.REJECTED, why, serving, commands if each.refused else ())
        display.entry(each.plan.service.name, stopped)
    told = [f"{each.plan.service.name}: {each.refused.message}" for each in wanted if each.refused]
    if output == "json":
        raise Failure("\n  ".join(told), Outcome.REJECTED.exit_code)  # for the person who reads standard error
    return Outcome.REJECTED.exit_code


def _list(session: Session, selection: Selection) -> int:
    """What there is to go back to."""
    for plan in selection.plans:
        state = with_memory(session.services(plan).read_state(plan.service), session.state, plan)
        say(f"{plan.service.name}: --to takes a release, a revision, a commit or last-release")
        say("\n".join(offers(state)))
        say(f"serving: {state.traffic}")
    return 0
