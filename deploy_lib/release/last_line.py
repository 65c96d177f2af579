"""What serves now, read back from the cloud at the very end of a command."""

from __future__ import annotations

from datetime import datetime

from deploy_lib.drivers.interface import DriverError, Interrupted, ServiceTraffic
from deploy_lib.model.journal import Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.service import Service


def serving_now(services: ServiceTraffic, service: Service, otherwise: str) -> str:
    """In words; where the cloud cannot be read, why, and `otherwise`. Interrupted once, it reads all the same."""
    try:
        try:
            return str(services.read_serving(service))
        except Interrupted:
            return str(services.read_serving(service))
    except DriverError as problem:
        why = problem.reason
    except Interrupted:
        why = "interrupted before it could be read"
    return f"not known: {why}; {otherwise}"


def stopped(
    services: ServiceTraffic,
    service: Service,
    now: datetime,
    outcome: Outcome,
    reason: str,
    commands: tuple[str, ...],
    otherwise: str,
) -> Stopped:
    """The last line; `otherwise` as in `serving_now`."""
    return Stopped(now, outcome, reason, serving_now(services, service, otherwise), commands)


def interrupted_half_way(finishes: str) -> str:
    """What is said where a person would not wait for the traffic. `finishes` is the command that does."""
    return f"interrupted while the traffic was being put back; {finishes} finishes it"


def stopped_half_way(
    services: ServiceTraffic, service: Service, now: datetime, finishes: str, otherwise: str
) -> Stopped:
    """The last line of such an interruption, which is only shown: the journal stays open for whoever finishes it."""
    why = interrupted_half_way(finishes)
    return stopped(services, service, now, Outcome.INTERRUPTED, why, (), otherwise)
