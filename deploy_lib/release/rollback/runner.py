"""Rollbacks of one service or several, handed to the executor: first every target is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from deploy_lib.drivers.interface import Interrupted
from deploy_lib.model.journal import Stopped
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.executor import execute
from deploy_lib.release.last_line import stopped, stopped_half_way
from deploy_lib.release.output import Output
from deploy_lib.release.recorder import Recorder
from deploy_lib.release.rollback.offers import commands
from deploy_lib.release.rollback.procedure import Rollback, RollbackDrivers, RollbackOptions, chosen
from deploy_lib.release.rollback.target import Choice

NOT_ALONE = "nothing was done, since another service cannot be rolled back"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one service goes back to. `choice` is None where it stays as it is, and `why_not` says why.

    `refused`: it is this service that cannot be rolled back, not another one.
    """

    plan: Plan
    state: ServiceState
    choice: Choice | None = None
    why_not: str = ""
    refused: bool = False


def choose_all(services: Iterable[tuple[Plan, ServiceState]], options: RollbackOptions) -> list[Chosen]:
    """What each goes back to; nothing for any of them when one has no target."""
    found = [_chosen(plan, state, options) for plan, state in services]
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
    options: RollbackOptions,
) -> Stopped:
    """To its last line; `release` is what it is written down as.

    Raises Interrupted when a person would not wait for the traffic; what serves then is shown before.
    """
    plan, state = chosen.plan, chosen.state
    recorder = Recorder(output.note)
    rollback = Rollback(plan, drivers, recorder, output.tell, holder, release, state, choice, remembered, options)
    try:
        return execute(rollback)
    except Interrupted:
        now, again = drivers.clock.now(), plan.program.command("rollback", "--force")
        output.show(stopped_half_way(drivers.services, plan.service, now, again, rollback.last_seen()))
        raise


def _chosen(plan: Plan, state: ServiceState, options: RollbackOptions) -> Chosen:
    try:
        return Chosen(plan, state, chosen(plan, state, options))
    except NotPossible as refused:
        return Chosen(plan, state, why_not=refused.message, refused=True)
