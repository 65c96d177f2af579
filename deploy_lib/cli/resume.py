"""resume: goes on with a release that was held, interrupted, or whose client died; on any machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from functools import partial

from deploy_lib.cli.deploy import carry_out
from deploy_lib.cli.following import BuildFollower, begun_here, find, told_by_client
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.release_runner import release_runner
from deploy_lib.cli.release_store import journal_to_resume
from deploy_lib.cli.result import CommandResult
from deploy_lib.cli.run_output import OpenJournal
from deploy_lib.cli.selection import commit_of, select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say_error
from deploy_lib.cli.show.display import choose
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.journal import Journal
from deploy_lib.model.notices import Subscription
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.resume import NothingToResume, Resumable, resumable, taken_back


def main(
    args: argparse.Namespace,
    clock: SystemClock | None = None,
    open_journal: OpenJournal = Journal,
    result: CommandResult | None = None,
) -> int:
    wait = seconds("--wait", args.wait)
    selection = select(args)
    result = result or CommandResult("resume")
    clock = clock or SystemClock()
    with open_session(selection, args, clock) as session:
        states = [(plan, session.services(plan).read_state(plan.service)) for plan in selection.plans]
        handed = [] if args.force or args.accept else find(session, states)
        found = _found(session, states, accept=args.accept) if not handed else []
        display = choose(args.output, tuple(plan.service.label for plan in selection.plans))
        followed = [plan.service.label for plan in selection.plans]
        result.begin([each.plan.service.label for each in found] or followed)
        told: Sequence[Subscription] = selection.config.settings.subscriptions()
        told = told_by_client(told) if handed else told
        since = None if not handed or begun_here(session, selection.plans) else clock.now()
        notifier = Notifier(told, session.state, session.clients, None, result, since)
        following = BuildFollower(session, selection, display, notifier)
        answer = following.leaving if handed else display.stopping
        stops = stopping(clock, selection.program.command("resume"), answer, result.cut_short)
        with closing(notifier), stops as signals, closing(display):
            if handed:
                return signals.decided(following.carried_out(handed))
            runners = [
                release_runner(
                    session,
                    each.plan,
                    each.release,
                    display,
                    notifier,
                    take_over=args.force,
                    wait=wait,
                    earlier=each.entries,
                    unwritten=each.unwritten,
                    open_journal=open_journal,
                )
                for each in found
            ]
            return signals.decided(carry_out(runners, clock, selection.program))


def _found(session: Session, states: Sequence[tuple[Plan, ServiceState]], *, accept: bool) -> list[Resumable]:
    """Of several services, those without an unfinished release are told and left out.

    Raises NothingToResume when all are, and NotPossible.
    """
    found: list[Resumable] = []
    ended: list[str] = []
    for plan, state in states:
        journal = journal_to_resume(session.state, plan.service, state.unfinished)
        known = partial(commit_of, session.root)
        try:
            found.append(resumable(plan, state, journal, known, session.clock.now(), accept=accept))
        except NothingToResume as nothing:
            ended.append(nothing.message)
    if not found:
        raise NothingToResume("\n  ".join(ended))
    for message in ended:
        say_error(message)
    return taken_back(found, states, session.clock.now())
