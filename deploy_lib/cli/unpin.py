"""rollback --unpin: the traffic of a service follows its latest revision again, and no user is moved."""

from __future__ import annotations

import argparse

from deploy_lib.cli.every_service import busy_words, on_every_service
from deploy_lib.cli.identity import holder
from deploy_lib.cli.session import Session
from deploy_lib.cli.show.console import say
from deploy_lib.cli.times import seconds
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.plan import Plan
from deploy_lib.release.lease_queue import wait_for_lease


def main(args: argparse.Namespace) -> int:
    """0 when the traffic of every service follows its latest revision; all are tried."""
    wait = seconds("--wait", args.wait)
    if args.to or args.now or args.force:
        raise NotPossible("--unpin moves no user; leave out --to, --now and --force")
    return on_every_service(
        args,
        lambda session, plan: _unpin(session, plan, wait),
        lambda problem: Outcome.REJECTED if problem.no_effect else Outcome.UNKNOWN,
        "no traffic was moved",
    )


def _unpin(session: Session, plan: Plan, wait: float) -> Outcome | None:
    services, name = session.services(plan), plan.service.label
    answer = wait_for_lease(
        session.clock,
        wait,
        lambda: services.unpin(plan.service, holder()),
        lambda text: say(f"{name}: {text}"),
    )
    if not answer.taken:
        for text in busy_words(plan, answer, "rollback", "--unpin"):
            say(f"{name}: {text}")
        return Outcome.BUSY
    say(f"{name}: the traffic follows the latest revision; the next release pins it again")
    return None
