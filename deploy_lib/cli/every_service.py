"""One act on each service of a command line that releases nothing: all are tried, and each says what serves."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from deploy_lib.cli.program import shorter
from deploy_lib.cli.selection import select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say, say_error
from deploy_lib.cli.signals import stopping
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.answers import LeaseTaken
from deploy_lib.model.outcome import Outcome, exit_code_of
from deploy_lib.plan import Plan
from deploy_lib.release.last_line import serving_now
from deploy_lib.release.lease_queue import held_by


def busy_words(plan: Plan, answer: LeaseTaken, *again: str) -> Iterator[str]:
    """Who has the service, and what can be typed; `again` is the command that was refused, with its words."""
    yield held_by(answer)
    yield f"queue behind it: {shorter(plan.program.command(*again, '--wait', '10m'))}"
    if not answer.on_hold:
        over = plan.program.command("rollback", "--force")
        yield f"only if its client is gone: {shorter(over)} ends that release, and puts back what served before"


def on_every_service(
    args: argparse.Namespace,
    act: Callable[[Session, Plan], Outcome | None],
    failed: Callable[[DriverError], Outcome],
    unmoved: str,
) -> int:
    """0 when `act` gives None for every service, else the code of what most needs a person.

    `failed` says what an act came to that raised. `unmoved` is why no traffic was moved, for the last line.
    """
    selection, clock = select(args, source=False), SystemClock()
    ends: set[Outcome] = set()
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("status")):
        for plan in selection.plans:
            try:
                refused = act(session, plan)
            except DriverError as problem:
                remedy = f"\n  {problem.remedy}" if problem.remedy else ""
                say_error(f"{plan.service.label}: {problem.reason}{remedy}")
                refused = failed(problem)
            ends |= {refused} if refused is not None else set()
            prefix = f"{plan.service.label}: " if len(selection.plans) > 1 else ""
            say(f"{prefix}serving: {serving_now(session.services(plan), plan.service, unmoved)}")
    return exit_code_of(ends)
