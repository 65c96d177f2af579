"""Whether a release may be approved now, decided from what its service says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.approval import ApprovalAsked
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.release_ids import of_all_regions
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan


@dataclass(frozen=True, slots=True)
class Approvable:
    """The question to answer. `waited_for`: a client has the service and sees the answer by itself."""

    plan: Plan
    release_id: str
    asked: ApprovalAsked
    waited_for: bool


def approvable(states: Sequence[tuple[Plan, ServiceState]], wanted: str, now: datetime) -> list[Approvable]:
    """What the id, or the end of one, names: of a service in several regions each that waits, for one yes is for all.

    Never empty. Raises NotPossible.
    """
    open_ = [(plan, state, state.left) for plan, state in states if state.left]
    named = [(plan, left) for plan, _, left in open_ if left.release_id.endswith(wanted)]
    releases = {of_all_regions(left.release_id, plan.service) for plan, left in named}
    if len(releases) > 1:
        raise NotPossible(f"{wanted} may be {' and '.join(left.release_id for _, left in named)}; say more of it")
    if not named:
        raise NotPossible(_over(states, wanted))
    found, refusals = list[Approvable](), dict[str, NotPossible]()
    for plan, state, left in open_:
        if of_all_regions(left.release_id, plan.service) not in releases:
            continue
        try:
            found.append(_approvable(plan, state, left, now))
        except NotPossible as refused:
            refusals[left.release_id] = refused
    if not found:
        raise refusals[named[0][1].release_id]
    return found


def _approvable(plan: Plan, state: ServiceState, left: UnfinishedRelease, now: datetime) -> Approvable:
    name = plan.service.label
    if left.restored:
        raise NotPossible(f"{name}: {left.release_id} is over: its users were put back")
    asked = next((each for each in left.approvals if each.approval is None), None)
    if asked is None and left.approvals and left.approvals[-1].approval:
        raise NotPossible(f"{name}: {left.release_id} was approved already, by {left.approvals[-1].approval}")
    if asked is None:
        raise NotPossible(f"{name}: {left.release_id} waits for no approval")
    if asked.until <= now:
        end = plan.program.command("resume")
        raise NotPossible(
            f"{name}: the time to approve {left.release_id} was over at {asked.until:%Y-%m-%d %H:%M} UTC; "
            f"what then follows: {end}"
        )
    lease = state.lease
    waited_for = lease is not None and not lease.expired and lease.release_id == left.release_id
    return Approvable(plan, left.release_id, asked, waited_for)


def _over(states: Sequence[tuple[Plan, ServiceState]], wanted: str) -> str:
    for plan, state in states:
        for past in state.history:
            if past.id.endswith(wanted):
                at = f" at {past.at:%Y-%m-%d %H:%M} UTC" if past.at else ""
                return f"{plan.service.label}: {past.id} is over: it ended {past.outcome}{at}"
    names = ", ".join(plan.service.label for plan, _ in states)
    return f"no release {wanted} of {names} is under way, and none of the last ones was called so"
