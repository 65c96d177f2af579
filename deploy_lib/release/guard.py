"""What a guard does: it watches a release's lease, and says when nobody renews it and users are left on the candidate.

Who gives a lease back takes it off the service; a client that dies leaves it there, to run out. So only a lease of the
release that ran out tells of a dead client.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.model.service import Service
from deploy_lib.model.state import ServiceState
from deploy_lib.release.rollback.procedure import RollbackServices

LONGEST_PAUSE = 10.0
"""Seconds between two looks at most."""


@dataclass(frozen=True, slots=True)
class Watching:
    """The release is alive."""


@dataclass(frozen=True, slots=True)
class Over:
    """There is nothing to guard any more; `why` is a clause."""

    why: str


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The client is dead, and users are on the candidate."""

    state: ServiceState


def look(state: ServiceState, release_id: str) -> Watching | Over | Abandoned:
    """What the service says of the release. Pure."""
    lease, left = state.lease, state.left
    if not state.exists:
        return Over("the service was deleted")
    if lease is None:
        return Over(f"release {release_id} has ended")
    if lease.release_id != release_id:
        return Over(f"{lease.holder} has the service by now" if not lease.expired else f"{lease.holder} had it since")
    if not lease.expired:
        return Watching()
    if left is None or left.release_id != release_id or left.restored:
        return Over(f"release {release_id} left nothing to put back")
    if not state.traffic.shares().get(left.candidate or ""):
        return Over(f"the client of release {release_id} is dead, and no user is on its candidate")
    return Abandoned(state)


def watch(
    services: RollbackServices, service: Service, release_id: str, after: float, clock: Clock, tell: Tell
) -> Over | Abandoned:
    """Looks until there is nothing to watch. What cannot be read is looked at again. Raises Interrupted."""
    pause = min(after / 4, LONGEST_PAUSE)
    told = ""
    while True:
        try:
            found, problem = look(services.read_state(service), release_id), ""
        except DriverError as error:
            found, problem = Watching(), error.reason
        if not isinstance(found, Watching):
            return found
        if problem and problem != told:
            tell(f"the service cannot be read: {problem}; it is looked at again every {pause:g} s")
        told = problem
        clock.sleep(pause)
