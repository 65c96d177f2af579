"""What every function of this driver works with, made once; and the wait for a change to take effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from deploy_lib.drivers.errors import PASSES_WITHIN, ApiError
from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.leases import Leases
from deploy_lib.drivers.services.other_leases import OtherLeases
from deploy_lib.drivers.services.service_writer import ServiceWriter
from deploy_lib.drivers.services.traffic import short, spec_traffic, status_traffic
from deploy_lib.drivers.traffic_watcher import RevisionHealth
from deploy_lib.model.answers import Attempt
from deploy_lib.model.release import Release
from deploy_lib.model.requests import ANY_ANSWER, Expectation

if TYPE_CHECKING:
    from google.cloud import run_v2

SETTLES_WITHIN = 60.0  # seconds for Cloud Run to serve what it was told to
WORKS_WITHIN = 600.0
"""Seconds while it says that it works on it: many minimum instances, or such with a GPU, take minutes to come up."""
SAYS_EVERY = 30.0  # seconds
GIVEN_UP_AFTER = 10.0
"""Seconds in which a service that serves something else may say that it is not working on it, before it is believed."""


class Ask(Protocol):
    """One GET. The header, or the key of a JSON body, of that name tells which revision answered."""

    def __call__(self, url: str, expect: Expectation = ANY_ANSWER, *, timeout: float, header: str) -> Attempt: ...


class UrlClient(Protocol):
    """Requests to the service itself."""

    @property
    def ask(self) -> Ask: ...


class CandidateWatch(Protocol):
    """How the candidate does."""

    def state(self, release: Release) -> RevisionHealth: ...


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """The clients, the clock and the leases of one driver."""

    calls: Calls
    api: RunApi
    writer: ServiceWriter
    leases: Leases
    others: OtherLeases
    clock: Clock
    ask: Ask
    watch: CandidateWatch
    logs: ProjectLog


def settle(
    context: ServiceContext,
    path: str,
    operation: str | None,
    doing: str,
    *,
    lacks: Callable[[run_v2.Service], str] = lambda service: "",
    within: float = SETTLES_WITHIN,
    tell: Tell = lambda text: None,
) -> run_v2.Service:
    """The service once it serves what it was told to and lacks nothing; `lacks` says in words what it still does.

    Raises DriverError when it does not come to that: `within` seconds, and longer while Cloud Run works on it, which is
    told.

    The operation is only asked for the reason: an update of the traffic is served even while the service as a whole
    counts as failed for the last revision created.
    """
    lacking, given_up, says_at = "", None, max(within, SAYS_EVERY)
    remedy = f"type: {context.calls.clients.program.command('status')}"
    for waited in polls(context.clock, max(within, WORKS_WITHIN)):
        service = context.api.service(path)
        if service is None:
            raise DriverError(f"could not {doing}: the service {short(path)} was deleted meanwhile", conflict=True)
        lacking = _unsettled(service) or lacks(service)
        if not lacking:
            return service
        idle = not service.reconciling and status_traffic(service).shares() != spec_traffic(service).shares()
        given_up = (waited if given_up is None else given_up) if idle else None
        refused = _refused(context, operation) if operation and not service.reconciling else ""
        if refused:
            raise DriverError(f"could not {doing}: {refused}", remedy)
        if given_up is not None and waited - given_up >= GIVEN_UP_AFTER:
            break
        if waited >= within and not service.reconciling:
            break
        if waited >= says_at:
            says_at = waited + SAYS_EVERY
            tell(f"after {waited:.0f} s {lacking}")
    problem = DriverError(f"could not {doing}: after {waited:.0f} s {lacking}", remedy)
    problem.may_pass_within = PASSES_WITHIN if given_up is not None else 0.0
    raise problem


def _unsettled(service: run_v2.Service) -> str:
    """What Cloud Run itself is not done with; empty when it serves what it was told to."""
    now, wanted = status_traffic(service), spec_traffic(service)
    if now.shares() != wanted.shares():
        return f"Cloud Run serves {now} and not yet {wanted}"
    return f"Cloud Run serves {now} and still works on the service" if service.reconciling else ""


def _refused(context: ServiceContext, operation: str) -> str:
    """Why the operation failed; empty while it runs, when it went well, and when it may not be read."""
    try:
        found = context.api.operation(operation)
    except ApiError:
        return ""
    return str(found.error.message) if found is not None and found.done and found.error.code else ""
