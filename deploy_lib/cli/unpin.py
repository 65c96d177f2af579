"""rollback --unpin: the traffic of a service follows its latest revision again, and no user is moved."""

from __future__ import annotations

import argparse

from deploy_lib.cli.identity import holder
from deploy_lib.cli.selection import select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say, say_error
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome, exit_code_of
from deploy_lib.plan import Plan
from deploy_lib.release.last_line import serving_now
from deploy_lib.release.lease_queue import held_by, wait_for_lease


def main(args: argparse.Namespace) -> int:
    """0 when the traffic of every service follows its latest revision; all are tried."""
    wait = seconds("--wait", args.wait)
    if args.to or args.now or args.force:
        raise NotPossible("--unpin moves no user; leave out --to, --now and --force")
    selection, clock = select(args, source=False), SystemClock()
    ends: set[Outcome] = set()
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("status")):
        for plan in selection.plans:
            try:
                refused = _unpin(session, plan, wait)
            except DriverError as problem:
                remedy = f"\n  {problem.remedy}" if problem.remedy else ""
                say_error(f"{plan.service.name}: {problem.reason}{remedy}")
                refused = Outcome.REJECTED if problem.no_effect else Outcome.UNKNOWN
            ends |= {refused} if refused is not None else set()
            prefix = f"{plan.service.name}: " if len(selection.plans) > 1 else ""
            say(f"{prefix}serving: {serving_now(session.services(plan), plan.service, 'no traffic was moved')}")
    return exit_code_of(ends)


def _unpin(session: Session, plan: Plan, wait: float) -> Outcome | None:
    services, name = session.services(plan), plan.service.name
    answer = wait_for_lease(
        session.clock,
        wait,
        lambda: services.unpin(plan.service, holder()),
        lambda text: say(f"{name}: {text}"),
    )
    if not answer.taken:
        say(f"{name}: {held_by(answer)}")
        return Outcome.BUSY
    say(f"{name}: the traffic follows the latest revision; the next release pins it again")
    return None
