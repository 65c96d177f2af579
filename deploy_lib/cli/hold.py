"""hold: the service is not deployed until the time is up, or until the hold is released."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from deploy_lib.cli.every_service import busy_words, on_every_service
from deploy_lib.cli.identity import holder
from deploy_lib.cli.program import shorter
from deploy_lib.cli.session import Session
from deploy_lib.cli.show.console import say
from deploy_lib.cli.times import seconds
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.plan import Plan
from deploy_lib.release.lease_queue import wait_for_lease
from deploy_lib.steps.kind import format_duration


def main(args: argparse.Namespace) -> int:
    """0 when every service is held, or its hold released; else the code of what most needs a person. All are tried."""
    lasts, wait = seconds("--for", args.lasts), seconds("--wait", args.wait)
    if args.release and (args.why or args.wait):
        raise NotPossible("--release ends a hold; leave out --why and --wait")
    return on_every_service(
        args,
        lambda session, plan: (
            _release_hold(session, plan) if args.release else _hold(session, plan, lasts, args.why or "", wait)
        ),
        lambda problem: Outcome.BUSY if problem.busy else Outcome.UNKNOWN,
        "a hold moves no traffic",
    )


def _release_hold(session: Session, plan: Plan) -> Outcome | None:
    who = session.services(plan).release_hold(plan.service)
    say(f"{plan.service.label}: {f'hold released (was held by {who})' if who else 'there was no hold'}")
    return None


def _hold(session: Session, plan: Plan, lasts: float, why: str, wait: float) -> Outcome | None:
    services, name = session.services(plan), plan.service.label
    state = wait_for_lease(
        session.clock,
        wait,
        lambda: services.hold(plan.service, holder(), lasts, why),
        lambda text: say(f"{name}: {text}"),
    )
    for text in _words(plan, format_duration(lasts), why) if state.taken else busy_words(plan, state, "hold"):
        say(f"{name}: {text}")
    return None if state.taken else Outcome.BUSY


def _words(plan: Plan, lasts: str, why: str) -> Iterator[str]:
    undo = shorter(plan.program.command("hold", "--release"))
    yield f"held for {lasts}{f' ({why})' if why else ''}; release it with: {undo}"
