"""Traffic that follows the latest revision again, as other tools and Terraform expect it of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services.acquire_lease import leave, refused_by
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.release_record import Lease
from deploy_lib.drivers.services.service_annotations import record_of
from deploy_lib.drivers.services.traffic import short, spec_traffic, status_traffic, targets
from deploy_lib.model.answers import LeaseTaken
from deploy_lib.model.program import Invocation
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

if TYPE_CHECKING:
    from google.cloud import run_v2

_LASTS = 600.0  # seconds


def unpin(context: ServiceContext, service: Service, holder: str) -> LeaseTaken:
    """Who has the service, or `taken` when its traffic follows the latest revision; users and tags stay where they are.

    Raises DriverError where that would move users, and where a release has not ended.
    """
    path, met = service.path, list[Lease]()
    context.leases.new(service, holder, _LASTS, None)

    def edit(found: run_v2.Service) -> list[str]:
        met.clear()
        other = context.others.other(path, found)
        if other is not None:
            met.append(other)
            return []
        refused = refusal(found, context.calls.clients.program)
        if refused is not None:
            raise refused
        if not any(target.percent and target.revision for target in found.traffic):
            return []  # it does already
        found.traffic = following(found)
        return ["traffic"]

    try:
        deployer = context.leases.take(path, over=False)
        if deployer is not None:
            return refused_by(deployer)
        context.writer.write(path, edit, "let the traffic follow the latest revision")
    finally:
        leave(context, path)
    return refused_by(met[0]) if met else LeaseTaken(True)


def refusal(found: run_v2.Service, program: Invocation) -> DriverError | None:
    """Users go to whatever is or becomes the latest ready revision, so it must be the one that they are on. Pure."""
    record = record_of(found.annotations)
    if record is not None and not record.restored:
        return _no(f"release {record.id} has not ended", f"type: {program.command('resume')}, or roll it back")
    latest, created = short(found.latest_ready_revision), short(found.latest_created_revision)
    for now in (spec_traffic(found), status_traffic(found)):
        if now.shares() != {latest: 100}:
            why = f"the latest ready revision is {latest or 'none'}, and users are served {now}"
            return _no(f"{why}: they would be moved", "release what shall serve, then do this again")
    if created != latest and found.reconciling:
        return _no(f"{created} is starting, and would get all users once it is ready", "try again when it has started")
    return None


def _no(reason: str, remedy: str) -> DriverError:
    refused = DriverError(reason, remedy)
    refused.no_effect = True
    return refused


def following(found: run_v2.Service) -> list[run_v2.TrafficTarget]:
    """All traffic on the latest, and every tag on the revision that it is on. Pure."""
    from google.cloud import run_v2

    latest = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
    tags = TrafficMap(tuple(TrafficTarget(name, 0, tag) for tag, name in spec_traffic(found).tags().items()))
    tagged = [target for target in targets(tags) if target.tag and not target.percent]
    return [run_v2.TrafficTarget(type_=latest, percent=100), *tagged]
