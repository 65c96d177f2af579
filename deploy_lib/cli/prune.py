"""prune: deletes revisions and images that nothing needs; without --yes it only says which.

Exit code 0 when all that was to go is gone, or was only listed; 4 when something could not be deleted, or not be found
out; 5 when somebody deploys a service, which is then left alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy_lib.cli.program import shorter
from deploy_lib.cli.selection import Selection, select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say, say_error, say_json
from deploy_lib.cli.signals import stopping
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.pruning import Pruner
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome, exit_code_of
from deploy_lib.model.pruning import Prunable, PruneVerdict, judge_images, judge_revisions
from deploy_lib.plan import Plan
from deploy_lib.release.last_line import serving_now

REVISION, IMAGE = "revision", "image"


@dataclass(frozen=True, slots=True)
class PruneOptions:
    """What the command line asks for; `keep` of the newest stay."""

    keep: int
    images: bool
    really: bool
    as_text: bool


def main(args: argparse.Namespace, clock: SystemClock | None = None) -> int:
    if args.keep < 1:
        raise NotPossible(f"--keep {args.keep}: at least 1; the latest revision is never deleted")
    options = PruneOptions(args.keep, args.images, args.yes, args.output == "text")
    selection, clock = select(args, source=False), clock or SystemClock()
    ends: set[Outcome] = set()
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("prune")):
        found = _look(session, selection, options, ends)
        running = {name: _digests(each) for name, each in found.items()}
        for plan in selection.plans:
            if plan.service.label in found:
                others = {digest for name, all_of in running.items() if name != plan.service.label for digest in all_of}
                ends |= set(_prune(session, plan, found[plan.service.label], options, others))
    return exit_code_of(ends)


def _look(session: Session, selection: Selection, options: PruneOptions, ends: set[Outcome]) -> Mapping[str, Prunable]:
    found = {}
    for plan in selection.plans:
        pruner = _pruner(session, plan)
        try:
            found[plan.service.label] = pruner.look(plan.service, images=options.images)
        except DriverError as problem:
            _failed(plan, problem)
            ends.add(Outcome.UNKNOWN)
    return found


def _prune(session: Session, plan: Plan, found: Prunable, options: PruneOptions, others: set[str]) -> Iterator[Outcome]:
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
    for kind, judged, delete in kinds:
        if kind == IMAGE and not options.images:
            continue
        going = [each for each in judged if each.goes]
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
        if not options.really:
            words = ("--keep", str(options.keep), *(["--images"] if options.images else []), "--yes")
            say(f"nothing was deleted; to do it: {shorter(plan.program.command('prune', *words))}")
        prefix = f"{service.label}: " if options.as_text and len(plan.program.services) > 1 else ""
        say(f"{prefix}serving: {serving_now(session.services(plan), service, 'pruning moves no traffic')}")


def _pruner(session: Session, plan: Plan) -> Pruner:
    return Pruner(Calls(session.clients, session.clock), session.clock, session.services(plan).read_state)


def _digests(found: Prunable) -> frozenset[str]:
    return frozenset(digest for each in found.revisions if (digest := digest_of(each.image)))


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
