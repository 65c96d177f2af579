"""deploy: releases one or several services, each after those it waits for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from deploy_lib.cli.following import BuildFollower, told_by_build, told_by_client
from deploy_lib.cli.identity import keep_apart, new_release
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.on_cloud_build import hand_over, handed_over, may_be_handed_over
from deploy_lib.cli.options import options_of, refuse_what_contradicts
from deploy_lib.cli.paths import given_path
from deploy_lib.cli.release_runner import release_runner
from deploy_lib.cli.releasing_arguments import OLD_FLAGS
from deploy_lib.cli.repository import time_of
from deploy_lib.cli.result import CommandResult
from deploy_lib.cli.run_output import OpenJournal
from deploy_lib.cli.selection import commit_of, select
from deploy_lib.cli.session import open_session
from deploy_lib.cli.show.display import choose
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.journal import Journal
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.notices import Subscription
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.program import Invocation
from deploy_lib.release.last_line import interrupted_half_way
from deploy_lib.release.runner import ReleaseRunner, release_together


def main(
    args: argparse.Namespace,
    clock: SystemClock | None = None,
    open_journal: OpenJournal = Journal,
    result: CommandResult | None = None,
) -> int:
    refuse_old_flags(args)
    if args.dry_run:
        from deploy_lib.cli import plan

        return plan.main(args)
    wait, reports = seconds("--wait", args.wait), given_path(args.report_dir) if args.report_dir else None
    refuse_what_contradicts(args)
    selection = select(args)
    result = result or CommandResult("deploy")
    result.begin([plan.service.label for plan in selection.plans])
    commit = commit_of(selection.root, args.commit)
    committed = time_of(selection.root, commit)
    clock = clock or SystemClock()
    with open_session(selection, args, clock, starts=True) as session:
        given, now, apart = handed_over(args), clock.now(), keep_apart()
        releases = [
            given.named(new_release(plan, commit, options_of(args, plan), now, committed, apart=apart))
            for plan in selection.plans
        ]
        if args.changed:
            from deploy_lib.cli.changed import only_changed

            plans = only_changed(session, selection, releases, as_text=args.output == "text")
            names = [plan.service.label for plan in plans]
            result.begin(names)
            if not plans:
                return 0
            selection = replace(selection, plans=plans)
            releases = [release for release in releases if release.service.label in names]
        away = args.on is not None and may_be_handed_over(session, selection.plans, releases)
        told: Sequence[Subscription] = selection.config.settings.subscriptions()
        told = told_by_client(told) if away else told_by_build(told) if given.holder else told
        notifier = Notifier(told, session.state, session.clients, reports, result)
        display = choose(args.output, tuple(plan.service.label for plan in selection.plans))
        following = BuildFollower(session, selection, display, notifier)
        answer = following.leaving if away else display.stopping
        stops = stopping(clock, selection.program.command("resume"), answer, result.cut_short)
        with closing(notifier), stops as signals, closing(display):
            if away:
                return signals.decided(following.carried_out(hand_over(session, selection, args, releases)))
            runners = [
                release_runner(
                    session,
                    plan,
                    release,
                    display,
                    notifier,
                    wait=wait,
                    open_journal=open_journal,
                    who=given.holder,
                )
                for plan, release in zip(selection.plans, releases, strict=True)
            ]
            return signals.decided(carry_out(runners, clock, selection.program))


def carry_out(runners: Sequence[ReleaseRunner], clock: SystemClock, program: Invocation) -> int:
    """The exit code of all releases together."""
    try:
        return release_together(runners, clock, clock.recall).exit_code
    except Interrupted:
        why = interrupted_half_way(program.command("resume"))
        raise NotPossible(why, Outcome.INTERRUPTED.exit_code) from None


def refuse_old_flags(args: argparse.Namespace) -> None:
    """Flags that must not be ignored in silence say what replaces them. Raises NotPossible."""
    refused = [
        f"{flag} is {text}"
        for flag, text in OLD_FLAGS.items()
        if getattr(args, flag.removeprefix("--").replace("-", "_"), False) and text.startswith(("refused", "now"))
    ]
    if refused:
        raise NotPossible("\n  ".join(refused))
