"""Rolls back one service or several: first every target is chosen, so that nothing moves when one has none."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import dataclass

from deploy_lib.cli.failure import Failure
from deploy_lib.cli.outlets import Outlets
from deploy_lib.cli.rollback.memory import with_memory
from deploy_lib.cli.rollback.offers import offers, older
from deploy_lib.cli.rollback.rollback import Rollback
from deploy_lib.cli.rollback.target import Choice, choose, tag_of
from deploy_lib.cli.select import Selection, select
from deploy_lib.cli.show import display as displays
from deploy_lib.cli.show.printing import say
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.cli.world import World, opened
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
    with opened(selection, args, clock) as world:
        if args.to == LIST:
            return _list(world, selection)
        wanted = [_wanted(world, plan, args) for plan in selection.plans]
        display = displays.choose(args.output, tuple(plan.service.name for plan in selection.plans))
        if any(each.refused for each in wanted):
            with closing(display):
                return _refuse(world, wanted, display, args.output)
        outlets = Outlets(selection.config.settings.webhook_env, world.state)
        finishes = selection.program.command("rollback", "--force")
        try:
            with stopping(clock, finishes, display.stopping) as signals, closing(display):
                ends = {
                    each.plan.service.name: Rollback(
                        world,
                        each.plan,
                        display,
                        outlets,
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


def _wanted(world: World, plan: Plan, args: argparse.Namespace) -> Wanted:
    state = with_memory(world.services(plan).read_state(plan.service), world.state, plan)
    try:
        return Wanted(plan, state, choice=choose(state, args.to, force=args.force, tag=tag_of(plan)))
    except Failure as failure:
        return Wanted(plan, state, refused=failure)


def _refuse(world: World, wanted: list[Wanted], display: displays.Display, output: str) -> int:
    """Every service is told, and every service's last line says what serves."""
    for each in wanted:
        why = each.refused.message if each.refused else "nothing was done, since another service cannot be rolled back"
        serving = serving_now(world.services(each.plan), each.plan.service, f"last seen: {each.state.traffic}")
        program = each.plan.program
        commands = tuple(
            program.command("rollback", "--to", name, note=f"made {when}, ready; it is asked before it gets users")
            for name, when in older(each.state)
        )
        stopped = Stopped(world.clock.now(), Outcome.REJECTED, why, serving, commands if each.refused else ())
        display.entry(each.plan.service.name, stopped)
    told = [f"{each.plan.service.name}: {each.refused.message}" for each in wanted if each.refused]
    if output == "json":
        raise Failure("\n  ".join(told), Outcome.REJECTED.exit_code)  # for the person who reads standard error
    return Outcome.REJECTED.exit_code


def _list(world: World, selection: Selection) -> int:
    """What there is to go back to."""
    for plan in selection.plans:
        state = with_memory(world.services(plan).read_state(plan.service), world.state, plan)
        say(f"{plan.service.name}: --to takes a release, a revision, a commit or last-release")
        say("\n".join(offers(state)))
        say(f"serving: {state.traffic}")
    return 0
