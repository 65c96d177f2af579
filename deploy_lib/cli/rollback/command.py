"""Rolls back one service or several: first every target is chosen, so that nothing moves when one has none."""

from __future__ import annotations

import argparse

from deploy_lib.cli.failure import Failure
from deploy_lib.cli.outlets import Outlets
from deploy_lib.cli.rollback.rollback import Rollback
from deploy_lib.cli.rollback.target import target_of
from deploy_lib.cli.select import Selection, select
from deploy_lib.cli.show.display import choose
from deploy_lib.cli.show.printing import say
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.cli.world import World, opened
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.state import ServiceState
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.plan import Plan
from deploy_lib.run.group import exit_code


def main(args: argparse.Namespace) -> int:
    wait = seconds("--wait", args.wait)
    selection = select(args, source=False)
    if args.to and len(selection.plans) > 1:
        raise Failure("--to names a revision of one service; give one --service")
    clock = SystemClock()
    with opened(selection, args, clock) as world:
        found = _targets(world, selection, args)
        display = choose(args.output, tuple(plan.service.name for plan in selection.plans))
        outlets = Outlets(selection.config.settings.webhook_env, world.state)
        try:
            with stopping(clock, selection.program.command("rollback", "--force"), display.stopping):
                ends = {
                    plan.service.name: Rollback(
                        world,
                        plan,
                        display,
                        outlets,
                        state,
                        target,
                        probe=not args.now,
                        take_over=args.force,
                        wait=wait,
                    ).carry_out()
                    for plan, state, target in found
                    if target is not None
                }
        except Interrupted:
            raise Failure(
                "interrupted while the traffic was being put back; "
                f"{selection.program.command('rollback', '--force')} finishes it",
                Outcome.INTERRUPTED.exit_code,
            ) from None
        finally:
            display.close()
    for plan, state, target in found:
        if target is None and args.output == "text":
            say(f"{plan.service.name}: nothing to do; it serves {state.traffic} already")
    return exit_code(ends)


def _targets(
    world: World, selection: Selection, args: argparse.Namespace
) -> list[tuple[Plan, ServiceState, TrafficMap | None]]:
    """Raises Failure with the reasons of all services that cannot be rolled back."""
    found, refused = [], []
    for plan in selection.plans:
        state = world.services(plan).read_state(plan.service)
        try:
            found.append((plan, state, target_of(state, args.to, force=args.force)))
        except Failure as failure:
            refused.append(Failure(f"{plan.service.name}: {failure.message}", failure.code))
    if refused:
        raise Failure("\n  ".join(each.message for each in refused), max(each.code for each in refused))
    return found
