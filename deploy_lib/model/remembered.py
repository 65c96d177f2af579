"""What a service's history says of what serves now: which release was good, and what somebody changed since. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.outcome import Outcome
from deploy_lib.model.state import PastRelease, ServiceState
from deploy_lib.model.traffic import TrafficMap

ROLLBACK = "-rollback"
"""How the id of a rollback ends: it is written down as a release of its own."""


def is_rollback(release_id: str) -> bool:
    return release_id.endswith(ROLLBACK)


def last_rollback(history: Sequence[PastRelease]) -> PastRelease | None:
    return next((past for past in history if is_rollback(past.id)), None)


def good(history: Sequence[PastRelease]) -> list[PastRelease]:
    """Those that ended live, rollbacks among them, newest first."""
    return [past for past in history if past.outcome is Outcome.LIVE and past.traffic.shares()]


def rolled_back(history: Sequence[PastRelease]) -> frozenset[str]:
    """Ids of live releases that a later rollback left: those between it and the one whose traffic it put back."""
    live, found = good(history), set[str]()
    for index, past in enumerate(live):
        if not is_rollback(past.id):
            continue
        passed = []
        for older in live[index + 1 :]:
            if older.traffic.shares() == past.traffic.shares():
                break
            passed.append(older.id)
        else:  # it went further back than the history reaches
            passed = passed[:1]
        found.update(passed)
    return frozenset(found)


OVERWRITES = "a release starts from it, goes back to it when it fails, and replaces it at 100 %"
"""What a release does with traffic that was changed by hand."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """The traffic is not what the last release left. `by` is empty where the cloud does not say who."""

    left: PastRelease
    now: TrafficMap
    by: str = ""
    at: datetime | None = None

    def __str__(self) -> str:
        when = f" at {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        who = f"; the last change of the service is {self.by or 'of somebody unknown'}{f',{when}' if when else ''}"
        return (
            f"the traffic was changed by hand since release {self.left.id} ({self.left.outcome}): "
            f"it left {self.left.traffic}, and now there is {self.now}{who}"
        )


def changed_by_hand(
    traffic: TrafficMap, history: Sequence[PastRelease], open_id: str | None, by: str, at: datetime | None
) -> ByHand | None:
    """None where nothing was changed, and while a release that nobody ended may be the one who moved it."""
    last = history[0] if history else None
    if last is None or (open_id is not None and open_id != last.id) or not last.traffic.shares():
        return None
    return None if last.traffic.shares() == traffic.shares() else ByHand(last, traffic, by, at)


def drift(state: ServiceState) -> ByHand | None:
    """As `changed_by_hand`, for a service that was read whole."""
    running = state.lease is not None and state.lease.release_id is not None and not state.lease.expired
    if not state.exists or running:
        return None
    open_id = state.left.release_id if state.left else None
    return changed_by_hand(state.traffic, state.history, open_id, state.last_modifier, state.updated)
