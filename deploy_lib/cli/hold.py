"""hold: nobody deploys the service until the time is up, or until it is let go."""

from __future__ import annotations

import argparse

from deploy_lib.cli.failure import Failure
from deploy_lib.cli.identity import holder
from deploy_lib.cli.program import shorter
from deploy_lib.cli.select import select
from deploy_lib.cli.show.printing import say
from deploy_lib.cli.world import opened
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.steps.kind import seconds_of, spoken

LONGEST = 7 * 24 * 3600.0  # seconds; a hold that nobody remembers must end some day


def main(args: argparse.Namespace) -> int:
    lasts = _lasts(args.lasts)
    selection = select(args, source=False)
    refused = 0
    with opened(selection, args, SystemClock()) as world:
        for plan in selection.plans:
            services, name = world.services(plan), plan.service.name
            if args.release:
                who = services.let_go(plan.service)
                say(f"{name}: let go; it was held by {who}" if who else f"{name}: nobody held it")
                continue
            state = services.hold(plan.service, holder(), lasts)
            if state.taken:
                undo = plan.program.command("hold", "--release")
                say(f"{name}: held for {spoken(lasts)}; let go with: {shorter(undo)}")
            else:
                refused = 1
                say(f"{name}: {state.holder} is deploying it, until {state.until:%H:%M:%S} UTC unless renewed")
    return refused


def _lasts(text: str) -> float:
    try:
        seconds = seconds_of(text)
    except ValueError as problem:
        raise Failure(f"--for {text}: {problem}") from None
    seconds = float(seconds) if isinstance(seconds, int | float) else 0.0
    if not 0 < seconds <= LONGEST:
        raise Failure(f"--for {text}: give a time between 1s and 168h")
    return seconds
