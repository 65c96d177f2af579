"""rollback: puts good traffic back in one command, with no build and no journal; the service itself remembers.

Of several services first every target is chosen, so that nothing moves when one has none.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

from deploy_lib.cli import unpin
from deploy_lib.cli.identity import holder, keep_apart, new_release
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.release_store import journals
from deploy_lib.cli.result import CommandResult
from deploy_lib.cli.run_output import RunOutput, run_output
from deploy_lib.cli.selection import Selection, select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say
from deploy_lib.cli.show.display import Display, choose
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.model.journal import Stopped
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options, Release
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.group import Ended
from deploy_lib.release.last_line import interrupted_half_way
from deploy_lib.release.rollback.memory import remembered
from deploy_lib.release.rollback.offers import offers
from deploy_lib.release.rollback.procedure import RollbackOptions, as_release, commit_of_target
from deploy_lib.release.rollback.runner import Chosen, choose_all, refusal, refusals, roll_back
from deploy_lib.release.rollback.target import Choice

LIST = "?"
"""What --to holds when it was given without a name."""


def main(args: argparse.Namespace, result: CommandResult | None = None) -> int:
    if args.unpin:
        return unpin.main(args)
    options = RollbackOptions(args.to, probe=not args.now, force=args.force, wait=seconds("--wait", args.wait))
    selection = select(args, source=False)
    if args.to not in (None, LIST) and selection.one != "--region" and len(selection.plans) > 1:
        raise NotPossible(f"--to is about one {selection.plans[0].service.kind}; give one {selection.one}")
    result = result or CommandResult("rollback")
    clock = SystemClock()
    with open_session(selection, args, clock) as session:
        if args.job:
            from deploy_lib.cli import rollback_job  # with it comes all that builds

            if args.to == LIST:
                return rollback_job.show_offers(session, selection.plans)
            return rollback_job.main(args, selection, session, clock, result)
        if args.to == LIST:
            return _list(session, selection)
        result.begin([plan.service.label for plan in selection.plans])
        found = choose_all(((plan, _read(session, plan)) for plan in selection.plans), options)
        display = choose(args.output, tuple(plan.service.label for plan in selection.plans))
        if any(each.refused for each in found):
            with closing(display):
                return _refuse(session, found, display, args.output, result)
        told = selection.config.settings.subscriptions()
        notifier = Notifier(told, session.state, session.clients, None, result)
        finishes = selection.program.command("rollback", "--force")
        try:
            with closing(notifier), ExitStack() as journals_open, closing(display):
                signals = journals_open.enter_context(stopping(clock, finishes, display.stopping, result.cut_short))
                apart = keep_apart()
                begun = [
                    begin(session, each, each.choice, display, notifier, journals_open, apart)
                    for each in found
                    if each.choice is not None
                ]
                ends = {each.chosen.plan.service.label: carry_out(session, each, notifier) for each in begun}
                return signals.decided(Ended(ends).exit_code)
        except Interrupted:
            raise NotPossible(interrupted_half_way(finishes), Outcome.INTERRUPTED.exit_code) from None


@dataclass(frozen=True, slots=True)
class Begun:
    """One service's rollback, whose journal is open; nothing has moved yet. `release` is what it is written down as."""

    chosen: Chosen
    choice: Choice
    release: Release
    output: RunOutput
    journal: ExitStack  # closes it


def begin(
    session: Session,
    chosen: Chosen,
    choice: Choice,
    display: Display,
    notifier: Notifier,
    journals_open: ExitStack,
    apart: str | None = None,
) -> Begun:
    """Its journal is open until it was carried out, or `journals_open` ends; `apart` as in `new_release`.

    Raises NotPossible when the journal cannot be opened.
    """
    plan, state = chosen.plan, chosen.state
    made = new_release(plan, commit_of_target(state, choice), Options(), session.clock.now(), apart=apart)
    release = as_release(made, state, choice)
    try:
        journal = journals_open.enter_context(ExitStack())
        output = journal.enter_context(run_output(session.state, plan, release.id, display, notifier))
        return Begun(chosen, choice, release, output, journal)
    except OSError as problem:
        raise NotPossible(
            f"the journal of this rollback cannot be opened at {problem.filename}: {problem.strerror}; nothing was "
            "done; --state names another directory for what is kept"
        ) from None


def carry_out(session: Session, begun: Begun, notifier: Notifier, who: str = "") -> Stopped:
    """To its last line; `who` is named as the holder of the lease, by default the person here. Raises Interrupted."""
    plan, who = begun.chosen.plan, who or holder()
    drivers, known = session.traffic_drivers(plan), partial(_remembered, session, plan)
    with begun.journal:
        end = roll_back(begun.chosen, begun.choice, begun.release, drivers, begun.output, who, known)
    notifier.ended(plan, begun.release.id)
    return end


def _remembered(session: Session, plan: Plan, state: ServiceState) -> ServiceState:
    return remembered(state, journals(session.state, plan.service))


def _read(session: Session, plan: Plan) -> ServiceState:
    return _remembered(session, plan, session.services(plan).read_state(plan.service))


def _refuse(session: Session, found: Sequence[Chosen], display: Display, output: str, result: CommandResult) -> int:
    """Every service is shown, and every service's last line says what serves."""
    for each in found:
        refused = refusal(each, session.traffic_drivers(each.plan))
        display.entry(each.plan.service.label, refused)
        result.entry(each.plan.service.label, refused)
    if output == "json":
        raise NotPossible(refusals(found), Outcome.REJECTED.exit_code)  # for the person who reads standard error
    return Outcome.REJECTED.exit_code


def _list(session: Session, selection: Selection) -> int:
    """What there is to go back to."""
    for plan in selection.plans:
        state = _read(session, plan)
        say(f"{plan.service.label}: --to takes a release, a revision, a commit or last-release")
        say("\n".join(offers(state)))
        say(f"serving: {state.traffic}")
    return 0
