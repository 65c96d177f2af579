"""Hold a service, which blocks its deployments, and release the hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.acquire_lease import leave, refused_by
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.release_record import Lease
from deploy_lib.drivers.services.service_annotations import set_annotations
from deploy_lib.model.answers import LeaseTaken
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud import run_v2


def hold(context: ServiceContext, service: Service, holder: str, lasts: float, why: str) -> LeaseTaken:
    """A lease on the service that outlives this process and is not renewed. Nobody deploys while it is written."""
    path = service.path
    lease = context.leases.new(service, holder, lasts, None, why)
    met: list[Lease] = []

    def edit(found: run_v2.Service) -> list[str]:
        met.clear()
        if context.leases.ours(path, found):
            return []
        other = context.others.other(path, found)
        if other is not None and not other.is_hold_of(holder):
            met.append(other)
            return []
        context.leases.extend(path, found)
        return ["annotations"]

    try:
        deployer = context.leases.take(path, over=False)
        if deployer is not None:
            return refused_by(deployer)
        context.writer.write(path, edit, "hold the service")
    finally:
        leave(context, path)
    return refused_by(met[0]) if met else LeaseTaken(True, holder=holder, since=lease.since, until=lease.until)


def release_hold(context: ServiceContext, service: Service) -> str | None:
    """Remove the hold. Returns who had it; None when there was none. Raises DriverError when a release is under way."""
    path, held = service.path, []

    def edit(found: run_v2.Service) -> list[str]:
        lease = service_annotations.lease_of(found.annotations)
        if lease is None:
            return []
        other = context.others.other(path, found) if lease.release_id is not None else None
        if other is not None:
            over = context.calls.clients.program.command("rollback", "--force")
            busy = DriverError(
                f"{other.holder} is deploying {service.name}, until {other.until:%H:%M:%S} UTC unless renewed",
                "stop that release with Ctrl-C where it runs; if its client is dead, nobody renews it, and the service "
                f"is free then, or at once by: {over}",
                conflict=True,
            )
            busy.busy = busy.no_effect = True
            raise busy
        held.append(lease.holder)
        set_annotations(found, service_annotations.with_lease(found.annotations, None))
        return ["annotations"]

    context.writer.write(path, edit, "release the hold")
    return held[0] if held else None
