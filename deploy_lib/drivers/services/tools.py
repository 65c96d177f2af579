"""What every part of the driver works with, made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.change import Changes
from deploy_lib.drivers.services.leases import Leases
from deploy_lib.drivers.services.traffic import carried, served, short
from deploy_lib.model.answers import Attempt, Side
from deploy_lib.model.release import Release

if TYPE_CHECKING:
    from google.cloud import run_v2

SETTLES_WITHIN = 60.0  # seconds for Cloud Run to serve what it was told to


class Ask(Protocol):
    """One GET. The header, or the key of a JSON body, of that name tells which revision answered."""

    def __call__(self, url: str, *, timeout: float, header: str) -> Attempt: ...


class Watch(Protocol):
    """What is known of the candidate while it has traffic."""

    def revision_failed(self, release: Release) -> str | None: ...
    def real_requests(self, release: Release, revision: str, since: datetime) -> Side: ...


@dataclass(frozen=True, slots=True)
class Tools:
    calls: Calls
    api: RunApi
    changes: Changes
    leases: Leases
    clock: Clock
    ask: Ask
    watch: Watch


def settle(
    tools: Tools,
    path: str,
    operation: str | None,
    doing: str,
    *,
    also: Callable[[run_v2.Service], bool] = lambda service: True,
    within: float = SETTLES_WITHIN,
) -> run_v2.Service:
    """The service once it serves what it was told to. Raises DriverError when it does not come to that.

    The operation is only asked for the reason: an update of the traffic is served even while the service as a whole
    counts as failed for the last revision created.
    """
    said = ""
    for _ in polls(tools.clock, within):
        service = tools.api.service(path)
        if service is None:
            raise DriverError(f"could not {doing}: the service {short(path)} was deleted meanwhile", conflict=True)
        if not service.reconciling and served(service).shares() == carried(service).shares() and also(service):
            return service
        said = f"Cloud Run serves {served(service)} instead of {carried(service)} after {within:.0f} s"
        refused = _refused(tools, operation) if operation and not service.reconciling else ""
        if refused:
            raise DriverError(f"could not {doing}: {refused}", f"type: {tools.calls.clients.program.command('status')}")
    raise DriverError(f"could not {doing}: {said}", f"type: {tools.calls.clients.program.command('status')}")


def _refused(tools: Tools, operation: str) -> str:
    """Why the operation failed; empty while it runs, when it went well, and when it may not be read."""
    try:
        found = tools.api.operation(operation)
    except ApiError:
        return ""
    return str(found.error.message) if found is not None and found.done and found.error.code else ""
