"""plan: everything a release would do, without doing it. What only reads is done for real, the rest is told.

Exit codes as for a release: 0 when nothing stands against it, 1 when a check would reject it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from deploy_lib.cli.identity import new_release
from deploy_lib.cli.options import options_of
from deploy_lib.cli.selection import commit_of, select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say, say_json
from deploy_lib.cli.show.words import MARKS, finding_lines
from deploy_lib.cli.side_by_side import side_by_side
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.status import ways_out
from deploy_lib.decide import why_skipped
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError, Drivers
from deploy_lib.model.answers import CallFailed
from deploy_lib.model.findings import Finding
from deploy_lib.model.release import Release, Status
from deploy_lib.model.release_history import drift
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.plan import Plan, Step
from deploy_lib.release.perform import perform
from deploy_lib.steps.canary import CreateRevision
from deploy_lib.steps.kind import Verdict


@dataclass(frozen=True, slots=True)
class Line:
    """What one step would do, or what a check found. `status` is None for a step that was only told."""

    label: str
    told: str
    status: Status | None = None
    findings: tuple[Finding, ...] = ()
    details: tuple[str, ...] = ()


def main(args: argparse.Namespace) -> int:
    selection = select(args)
    commit = commit_of(selection.root, args.commit)
    clock = SystemClock()
    plans, worst = selection.plans, 0
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("plan")):
        releases = {plan.service.name: new_release(plan, commit, options_of(args, plan), clock.now()) for plan in plans}
        drivers = {plan.service.name: session.drivers(plan) for plan in plans}

        def foresee(plan: Plan) -> Iterable[Line]:
            lines = told(session, plan, releases[plan.service.name], drivers[plan.service.name])
            return lines if len(plans) == 1 else list(lines)  # one service's lines are shown as each is known

        for plan, lines in zip(plans, side_by_side(foresee, plans), strict=True):
            found = []
            if args.output == "text":
                say(f"{plan.service.name}: commit {commit[:7]} to {plan.service.cloud_run} in {plan.service.project}")
            for line in lines:
                found.append(line)
                if args.output == "text":
                    say(*_text(line))
                else:
                    say_json(_plain(plan, line))
            worst = max([worst, *(_code(line) for line in found)])
    if args.output == "text":
        say(
            {0: "nothing stands against this release", 1: "this release would be rejected"}.get(
                worst, "not all is known"
            )
        )
    return worst


def told(session: Session, plan: Plan, release: Release, drivers: Drivers) -> Iterator[Line]:
    """A line for each step, as soon as it is known. Goes on after a check that fails, to tell all at once."""
    before = TrafficMap()
    try:
        state = session.services(plan).read_state(plan.service)
        before = state.traffic
        yield Line("serving now", str(before) if state.exists else "nothing; the service does not exist yet")
        by_hand = drift(state)
        if by_hand is not None:
            yield Line(
                "by hand", f"{by_hand}; {by_hand.consequence}", details=tuple(ways_out(plan, state, by_hand))[:1]
            )
    except DriverError as problem:
        yield Line("serving now", problem.reason, Status.ERRORED)
    release = replace(release, before=before)
    for step in plan.steps:
        if release.first and step.kind.position.needs_stable:  # there is none, so it is left out
            continue
        skipped = why_skipped(step, release)
        if skipped:
            yield Line(step.label, skipped, Status.SKIPPED)
            continue
        request = step.kind.ask(step.settings, release)
        if step.kind.only_reads:
            answer = perform(request, drivers, lambda text: None)
            verdict = (
                Verdict(Status.ERRORED, answer.reason, release)
                if isinstance(answer, CallFailed)
                else step.kind.verdict(step.settings, release, answer)
            )
            release = verdict.release
            yield Line(step.label, verdict.reason, verdict.status, verdict.findings)
        elif isinstance(request, CreateRevision):
            line, release = _revision(session, plan, step, request, release)
            yield line
        else:
            yield Line(step.label, step.kind.describe(request))


def _revision(
    session: Session, plan: Plan, step: Step, request: CreateRevision, release: Release
) -> tuple[Line, Release]:
    try:
        preview = session.services(plan).preview(request)
    except DriverError as problem:
        return Line(step.label, problem.reason, Status.ERRORED), release
    changed = tuple(f"changes {text}" for text in preview.changed)
    kept = tuple(f"keeps {text}" for text in preview.kept)
    grown = replace(release, candidate=preview.revision, tag=request.settings.tag)
    share = "all traffic, as the service's first" if release.first else f"the tag {request.settings.tag} and no traffic"
    return Line(step.label, f"creates {preview.revision} with {share}", details=(*changed, *kept)), grown


def _text(line: Line) -> Iterator[str]:
    mark = MARKS[line.status] if line.status else "would"
    yield f"  {line.label:<16} {mark:<8} {line.told}"
    yield from (f"      {detail}" for detail in line.details)
    yield from (f"  {text}" for text in finding_lines(line.findings, all_of_them=line.status is Status.FAILED))


def _plain(plan: Plan, line: Line) -> dict[str, object]:
    return {
        "service": plan.service.name,
        "step": line.label,
        "status": line.status.value if line.status else "would",
        "told": line.told,
        "details": list(line.details),
        "findings": [{"code": each.code, "severity": each.severity.value, "message": each.message, "place": each.place,
                      "fix": each.fix} for each in line.findings],
    }  # fmt: skip


def _code(line: Line) -> int:
    return {Status.FAILED: 1, Status.ERRORED: 4}.get(line.status, 0) if line.status else 0
