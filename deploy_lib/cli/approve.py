"""approve: a person says yes to a release that waits for it; from any machine that may write to the service."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from deploy_lib.cli.identity import holder
from deploy_lib.cli.program import shorter
from deploy_lib.cli.selection import select
from deploy_lib.cli.session import open_session
from deploy_lib.cli.show.console import say
from deploy_lib.cli.signals import stopping
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.model.approval import Approval
from deploy_lib.model.release_ids import is_of
from deploy_lib.plan import Plan
from deploy_lib.release.approval import approvable


def of_any_service(args: argparse.Namespace) -> argparse.Namespace:
    """What was asked, of all services where none is named: the id names it."""
    return argparse.Namespace(**{**vars(args), "all": args.all or not args.service})


def plans_of(release_id: str, plans: Sequence[Plan]) -> Sequence[Plan]:
    """Those of the service that the id names, in all its regions; all of them for the end of an id."""
    named = {plan.service.name for plan in plans if is_of(release_id, plan.service)}
    return [plan for plan in plans if plan.service.name in named] or plans


def main(args: argparse.Namespace, clock: SystemClock | None = None) -> int:
    """0 when the approval stands on the service. Raises NotPossible."""
    selection, clock = select(of_any_service(args), source=False), clock or SystemClock()
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("status")):
        plans = plans_of(args.id, selection.plans)
        states = [(plan, session.services(plan).read_state(plan.service)) for plan in plans]
        found = approvable(states, args.id, clock.now())
        approval = Approval(holder(), clock.now(), args.why or "")
        for each in found:
            service = each.plan.service
            answered = session.services(each.plan).approve(service, each.release_id, each.asked.name, approval)
            say(f"{service.label}: {each.release_id} was approved by {answered.approval}")
        for each in found:
            next_ = "the client that waits for it goes on"
            resume = f"go on with: {shorter(each.plan.program.command('resume'))}"
            say(f"{each.plan.service.label}: {next_ if each.waited_for else resume}")
    return 0
