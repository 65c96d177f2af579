"""plan: everything a release would do, without doing it. What only reads is done for real, the rest is described.

Exit codes as for a release: 0 when no check would reject it, 1 when one would, 4 when not all could be made.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import datetime

from deploy_lib.cli.explain import explain
from deploy_lib.cli.identity import new_release
from deploy_lib.cli.options import options_of, refuse_what_contradicts
from deploy_lib.cli.selection import commit_of, select
from deploy_lib.cli.session import open_session
from deploy_lib.cli.show.console import say, say_json
from deploy_lib.cli.show.entry_lines import finding_lines
from deploy_lib.cli.side_by_side import side_by_side
from deploy_lib.cli.signals import stopping
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.model.freeze import frozen_at
from deploy_lib.model.release import Status
from deploy_lib.model.shell_commands import shown_fix
from deploy_lib.plan import Plan
from deploy_lib.release.executor import execute
from deploy_lib.release.read_only import Foreseen, ForeseenEnd, ReadOnlyRelease

Show = Callable[[Foreseen], None]


def main(args: argparse.Namespace) -> int:
    refuse_what_contradicts(args)
    selection = select(args)
    if getattr(args, "explain", None):
        return explain(selection, args.explain, as_text=args.output == "text")
    commit = commit_of(selection.root, args.commit)
    clock = SystemClock()
    plans, as_text = selection.plans, args.output == "text"
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("plan")):
        releases = {
            plan.service.label: new_release(plan, commit, options_of(args, plan), clock.now()) for plan in plans
        }
        if args.changed:
            from deploy_lib.cli.changed import only_changed

            plans = only_changed(session, selection, [*releases.values()], as_text=as_text)
            if not plans:
                return 0
        drivers = {plan.service.label: session.drivers(plan) for plan in plans}

        def foresee(plan: Plan, show: Show) -> ForeseenEnd:
            name = plan.service.label
            return execute(ReadOnlyRelease(plan, releases[name], drivers[name], session.services(plan), show))

        ends = list(_ends(foresee, plans, commit, clock.now(), as_text=as_text))
    worst = max(ends, key=lambda end: end.outcome.exit_code)
    if as_text:
        say(worst.reason)
    return worst.outcome.exit_code


def _ends(
    foresee: Callable[[Plan, Show], ForeseenEnd], plans: tuple[Plan, ...], commit: str, now: datetime, *, as_text: bool
) -> Iterator[ForeseenEnd]:
    """One service's lines are shown as each is known; those of several side by side, each when all of it is."""

    def show(plan: Plan, foreseen: Foreseen) -> None:
        if as_text:
            say(*_text(foreseen))
        else:
            say_json(_plain(plan, foreseen))

    def collect(plan: Plan) -> tuple[ForeseenEnd, list[Foreseen]]:
        found: list[Foreseen] = []
        return foresee(plan, found.append), found

    if len(plans) == 1:
        if as_text:
            say(*_title(plans[0], commit, now))
        yield foresee(plans[0], lambda foreseen: show(plans[0], foreseen))
        return
    for plan, (end, found) in zip(plans, side_by_side(collect, plans), strict=True):
        if as_text:
            say(*_title(plan, commit, now))
        for foreseen in found:
            show(plan, foreseen)
        yield end


def _title(plan: Plan, commit: str, now: datetime) -> Iterator[str]:
    yield f"{plan.service.label}: commit {commit[:7]} to {plan.service.cloud_run} in {plan.service.project}"
    if frozen := frozen_at(plan.freeze, now):
        yield f"  {frozen}; until then a release is refused, but with --emergency --why TEXT"


def _text(line: Foreseen) -> Iterator[str]:
    mark = line.status.words.mark if line.status else "would" if line.is_step else ""
    yield f"  {line.label:<16} {mark:<8} {line.description}"
    yield from (f"      {detail}" for detail in line.details)
    yield from (f"  {text}" for text in finding_lines(line.findings, all_of_them=line.status is Status.FAILED))


def _plain(plan: Plan, line: Foreseen) -> dict[str, object]:
    return {
        "service": plan.service.label,
        "step": line.label,
        "status": line.status.value if line.status else "would",
        "told": line.description,
        "details": list(line.details),
        "findings": [{"code": each.code, "severity": each.severity.value, "message": each.message, "place": each.place,
                      "fix": shown_fix(each.fix) if each.fix else None} for each in line.findings],
    }  # fmt: skip
