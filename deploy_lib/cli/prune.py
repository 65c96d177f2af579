"""prune: deletes revisions and images that nothing needs; without --yes it only says which.

Exit code 0 when all that was to go is gone, or was only listed; 4 when something could not be deleted, or not be found
out; 5 when somebody deploys a service, which is then left alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploy_lib.cli.program import shorter
from deploy_lib.cli.selection import Selection, select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say, say_error, say_json
from deploy_lib.cli.signals import stopping
from deploy_lib.config import plan_for
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.pruning import Pruner
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome, exit_code_of
from deploy_lib.model.pruning import Prunable, PruneVerdict, judge_images, judge_revisions, needed_once_pruned
from deploy_lib.plan import Plan
from deploy_lib.release.last_line import serving_now

REVISION, IMAGE = "revision", "image"


@dataclass(frozen=True, slots=True)
class PruneOptions:
    """What the command line asks for; `keep` of the newest stay. `told`: its images are told with another region."""

    keep: int
    images: bool
    really: bool
    as_text: bool
    told: bool = False


def main(args: argparse.Namespace, clock: SystemClock | None = None) -> int:
    if args.keep < 1:
        raise NotPossible(f"--keep {args.keep}: at least 1; the latest revision is never deleted")
    options = PruneOptions(args.keep, args.images, args.yes, args.output == "text")
    selection, clock = select(args, source=False), clock or SystemClock()
    ends: set[Outcome] = set()
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("prune")):
        beside = _beside(selection) if options.images else []
        found = _look(session, [*selection.plans, *beside], options, ends)
        needed = {
            plan.service.label: needed_once_pruned(found[plan.service.label], options.keep, stays=plan in beside)
            for plan in [*selection.plans, *beside]
            if plan.service.label in found
        }
        for plan in selection.plans:
            if plan.service.label in found:
                wanted = replace(options, told=not _has_images(plan, selection, {*found}))
                others = _of_others(plan.service.label, needed)
                ends |= set(_prune(session, plan, found[plan.service.label], wanted, others))
    return exit_code_of(ends)


def _beside(selection: Selection) -> list[Plan]:
    """The regions of these services that are not pruned: they run the same images."""
    names = {plan.service.label for plan in selection.plans}
    others = [
        plan_for(selection.config, plan.service.name, region=region)
        for plan in selection.plans
        for region in plan.service.regions
    ]
    return [*{plan.service.label: plan for plan in others if plan.service.label not in names}.values()]


def _has_images(plan: Plan, selection: Selection, known: set[str]) -> bool:
    """Images are of all regions of a service: with the last of them, and only where it is known what all others run."""
    service = plan.service
    last = [each.service.label for each in selection.plans if each.service.name == service.name][-1]
    regions = {replace(service, region=region).label for region in service.regions}
    return service.label == last and regions <= known


def _of_others(label: str, needed: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """By digest, which other service or region needs it, and why."""
    others = ((name, images) for name, images in needed.items() if name != label)
    return {digest: f"{name}: {why}" for name, images in others for digest, why in images.items()}


def _look(session: Session, plans: Sequence[Plan], options: PruneOptions, ends: set[Outcome]) -> Mapping[str, Prunable]:
    found = {}
    for plan in plans:
        pruner = _pruner(session, plan)
        try:
            found[plan.service.label] = pruner.look(plan.service, images=options.images)
        except DriverError as problem:
            _failed(plan, problem)
            ends.add(Outcome.UNKNOWN)
    return found


def _prune(
    session: Session, plan: Plan, found: Prunable, options: PruneOptions, others: Mapping[str, str]
) -> Iterator[Outcome]:
    service, lease = plan.service, found.state.lease
    if not found.state.exists:
        say_error(f"{service.label}: there is no such service yet; nothing to delete")
        return
    if lease is not None and not lease.expired:
        say_error(f"{service.label}: left alone; {lease.holder} has it until {lease.until:%Y-%m-%d %H:%M:%S} UTC")
        yield Outcome.BUSY
        return
    revisions = judge_revisions(found, options.keep)
    images = judge_images(found, revisions, options.keep, others)
    pruner = _pruner(session, plan)
    kinds: tuple[tuple[str, Sequence[PruneVerdict], Callable[[str], None]], ...] = (
        (REVISION, revisions, lambda name: pruner.delete_revision(service, name)),
        (IMAGE, images, lambda digest: pruner.delete_image(service, digest)),
    )
    waiting = 0
    for kind, judged, delete in kinds:
        if kind == IMAGE and (options.told or not options.images):
            continue
        going = [each for each in judged if each.goes]
        waiting += 0 if options.really else len(going)
        if options.as_text:
            what = "deleting" if options.really else "to delete"
            say(f"{service.label}: {len(judged)} {kind}s; {len(judged) - len(going)} kept, {len(going)} {what}")
        for each in judged:
            if not each.goes:
                _tell(plan, kind, each, "kept", options)
                continue
            if options.really:
                session.clock.sleep(0)  # a person may have asked to stop
                try:
                    delete(each.name)
                except DriverError as problem:
                    _failed(plan, problem)
                    yield Outcome.UNKNOWN
                    continue
            _tell(plan, kind, each, "deleted" if options.really else "to delete", options)
    if options.as_text:
        if waiting:
            words = ("--keep", str(options.keep), *(["--images"] if options.images else []), "--yes")
            say(f"nothing was deleted; to do it: {shorter(plan.program.command('prune', *words))}")
        prefix = f"{service.label}: " if service.regions else ""
        say(f"{prefix}serving: {serving_now(session.services(plan), service, 'pruning moves no traffic')}")


def _pruner(session: Session, plan: Plan) -> Pruner:
    return Pruner(Calls(session.clients, session.clock), session.clock, session.services(plan).read_state)


def _tell(plan: Plan, kind: str, judged: PruneVerdict, action: str, options: PruneOptions) -> None:
    if not options.as_text:
        at = judged.at.isoformat() if judged.at else None
        row = {"service": plan.service.label, "kind": kind, "name": judged.name, "action": action}
        say_json({**row, "why": judged.why or "nothing names it", "created": at})
    else:
        at = f"  of {judged.at:%Y-%m-%d}" if judged.at else ""
        why = f"  {judged.why}" if judged.why else ""
        say(f"  {action:<10} {judged.name}{at}{why}")


def _failed(plan: Plan, problem: DriverError) -> None:
    remedy = f"\n  {problem.remedy}" if problem.remedy else ""
    say_error(f"{plan.service.label}: {problem.reason}{remedy}")
