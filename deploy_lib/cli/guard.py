"""guard: what the build runs that `guard: cloud_build` leaves; it waits until the release ends, or its client is dead.

Then it is a rollback to the map which that release recorded, and to no other: not over somebody else's change, and not
while anybody has the service. Exit code 0 when there was nothing to do or the map is back, else that of the rollback.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing

from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.rollback import begin, carry_out
from deploy_lib.cli.selection import select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say
from deploy_lib.cli.show.display import Display, choose
from deploy_lib.cli.signals import stopping
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.service import Guard
from deploy_lib.plan import Plan
from deploy_lib.release.guard import Over, watch
from deploy_lib.release.rollback.procedure import RollbackOptions
from deploy_lib.release.rollback.runner import choose_all, refusals

AGAIN = (Outcome.BUSY, Outcome.UNKNOWN)
"""Ends of a rollback after which the guard goes on watching."""


def main(args: argparse.Namespace) -> int:
    selection, clock = select(args, source=False), SystemClock()
    if len(selection.plans) > 1:
        raise NotPossible(f"guard watches the release of one service; give one {selection.one}")
    (plan,) = selection.plans
    after = (plan.service.guard or Guard()).after
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("status")):
        services = session.services(plan)
        say(f"watching release {args.id} of {plan.service.label}")
        while True:
            found = watch(services, plan.service, args.id, after, clock, say)
            if isinstance(found, Over):
                say(f"{found.why}; there is nothing to do")
                return 0
            say(f"nobody renews the lease of release {args.id}, and users are on its candidate")
            with closing(choose(args.output, (plan.service.label,))) as display:
                outcome = _put_back(session, plan, args.id, display)
            if outcome not in AGAIN:
                return outcome.exit_code
            clock.sleep(after / 4)


def _put_back(session: Session, plan: Plan, release_id: str, display: Display) -> Outcome:
    options = RollbackOptions(probe=False, undoes=release_id)
    (chosen,) = choose_all([(plan, session.services(plan).read_state(plan.service))], options)
    if chosen.choice is None:
        raise NotPossible(refusals([chosen]), Outcome.REJECTED.exit_code)
    notifier = Notifier((), session.state, session.clients)
    with ExitStack() as journals_open:
        begun = begin(session, chosen, chosen.choice, display, notifier, journals_open)
        return carry_out(session, begun, notifier, f"the guard of release {release_id}").outcome
