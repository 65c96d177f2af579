"""Rollbacks of one service or several, handed to the executor: first every target is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from deploy_lib.drivers.interface import Interrupted
from deploy_lib.model.journal import Stopped
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.release_ids import in_region, is_of
from deploy_lib.model.service import Service
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.executor import execute
from deploy_lib.release.last_line import stopped, stopped_half_way
from deploy_lib.release.output import Output
from deploy_lib.release.recorder import Recorder
from deploy_lib.release.rollback.offers import commands
from deploy_lib.release.rollback.procedure import Rollback, RollbackDrivers, RollbackOptions, chosen
from deploy_lib.release.rollback.target import Choice

NOT_ALONE = "nothing was done, since another service or region cannot be rolled back"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one service goes back to. `choice` is None where it stays as it is, and `why_not` says why.

    `refused`: it is this service that cannot be rolled back, not another one.
    """

    plan: Plan
    state: ServiceState
    options: RollbackOptions
    choice: Choice | None = None
    why_not: str = ""
    refused: bool = False


def choose_all(services: Iterable[tuple[Plan, ServiceState]], options: RollbackOptions) -> list[Chosen]:
    """What each goes back to; nothing for any of them when one has no target. A release that is named is, in each
    region of its service, the one that was released with it."""
    known = [*services]
    everywhere = [plan.service for plan, _ in known]
    found = [
        _chosen(plan, state, replace(options, to=_as_in(plan.service, options.to, everywhere))) for plan, state in known
    ]
    if not any(each.refused for each in found):
        return found
    return [each if each.refused else replace(each, choice=None, why_not=NOT_ALONE) for each in found]


def refusal(chosen: Chosen, drivers: RollbackDrivers) -> Stopped:
    """The last line of a service that stays as it is; it is in no journal, since nothing was begun."""
    offered = commands(chosen.plan, chosen.state) if chosen.refused else ()
    now, seen = drivers.clock.now(), f"last seen: {chosen.state.traffic}"
    return stopped(drivers.services, chosen.plan.service, now, Outcome.REJECTED, chosen.why_not, offered, seen)


def refusals(found: Sequence[Chosen]) -> str:
    """Why nothing was done, with each service that cannot be rolled back."""
    return "\n  ".join(f"{each.plan.service.label}: {each.why_not}" for each in found if each.refused)


def roll_back(
    chosen: Chosen,
    choice: Choice,
    release: Release,
    drivers: RollbackDrivers,
    output: Output,
    holder: str,
    remembered: Callable[[ServiceState], ServiceState],
) -> Stopped:
    """To its last line; `release` is what it is written down as.

    Raises Interrupted when a person would not wait for the traffic; what serves then is shown before.
    """
    plan, state, options = chosen.plan, chosen.state, chosen.options
    recorder = Recorder(output.note)
    rollback = Rollback(plan, drivers, recorder, output.tell, holder, release, state, choice, remembered, options)
    try:
        return execute(rollback)
    except Interrupted:
        now, again = drivers.clock.now(), plan.program.command("rollback", "--force")
        output.show(stopped_half_way(drivers.services, plan.service, now, again, rollback.last_seen()))
        raise


def _as_in(service: Service, to: str | None, everywhere: Iterable[Service]) -> str | None:
    origin = next((each for each in everywhere if to and is_of(to, each)), None)
    return in_region(to, origin, service) if to and origin is not None else to


def _chosen(plan: Plan, state: ServiceState, options: RollbackOptions) -> Chosen:
    try:
        return Chosen(plan, state, options, chosen(plan, state, options))
    except NotPossible as refused:
        return Chosen(plan, state, options, why_not=refused.message, refused=True)
