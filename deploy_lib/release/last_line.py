"""What serves now, read back from the cloud at the very end of a command."""

from __future__ import annotations

from deploy_lib.drivers.interface import DriverError, Interrupted, Services
from deploy_lib.model.service import Service


def serving_now(services: Services, service: Service, otherwise: str) -> str:
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
