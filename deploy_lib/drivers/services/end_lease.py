"""Give a lease back: the release goes into the service's history, and the tags it no longer needs go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.conditions import conditions_of, ready
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.acquire_lease import leave
from deploy_lib.drivers.services.addresses import url_of_tag
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.service_annotations import record_of, set_annotations
from deploy_lib.drivers.services.traffic import spec_traffic, targets
from deploy_lib.model.answers import LeaseEnded
from deploy_lib.model.release import Release
from deploy_lib.model.requests import EndLease
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2


def end_lease(context: ServiceContext, request: EndLease) -> LeaseEnded:
    """Quiet when the lease is no longer ours: the service is in other hands then. Interrupted, it can be asked again.

    A candidate that was not wanted keeps its tag only where users had met it, it came up, and it costs nothing: a
    tagged revision keeps its minimum instances running (https://cloud.google.com/run/docs/configuring/min-instances).
    """
    release, path = request.release, request.release.service.path
    ended = request.outcome is None or not request.outcome.is_open
    wanted = request.outcome is not None and request.outcome.is_good
    unwanted: _Unwanted | None = None
    ending = LeaseEnded()

    def edit(service: run_v2.Service) -> list[str]:
        if not context.leases.ours(path, service):
            return []
        hold = context.leases.hold_to_put_back(path)
        mask, annotations = ["annotations"], service_annotations.with_lease(service.annotations, hold)
        record, now = record_of(annotations), spec_traffic(service)
        if record is not None and record.id == release.id:
            left = _tidied(now, record, unwanted) if ended else now
            nonlocal ending
            ending = _ending(release.service, service, record, now, left) if unwanted else LeaseEnded()
            if not left.same_as(now):
                service.traffic = targets(left)
                mask.append("traffic")
            annotations = service_annotations.with_record(annotations, None) if ended else annotations
            if request.outcome is not None:
                known = replace(
                    record, image=release.image or record.image, candidate=release.candidate or record.candidate
                )
                past = known.past(request.outcome, context.clock.now(), left, request.image_is_to_blame)
                past = replace(past, labels=dict(service.labels), context=release.context_hash)
                annotations = service_annotations.with_past(annotations, past)
        set_annotations(service, annotations)
        return mask

    try:
        unwanted = _unwanted(context, path, release) if ended and not wanted else None
        if context.api.service(path) is not None:
            context.writer.write(path, edit, "give the lease back")
    except DriverError:
        leave(context, path)
        raise
    leave(context, path)
    return ending


@dataclass(frozen=True, slots=True)
class _Unwanted:
    """A candidate that its release ended without; `ready` and `costs` (minimum instances) are of its revision."""

    name: str
    ready: bool
    costs: bool


def _tidied(now: TrafficMap, record: ReleaseRecord, unwanted: _Unwanted | None) -> TrafficMap:
    """Without the stable revision's temporary tag, and without that of a candidate that need not be looked at."""
    left = now.untagged(record.own_tag) if record.own_tag else now
    if unwanted is None or unwanted.name in now.shares():
        return left
    examined = unwanted.ready and record.asked > 0 and not unwanted.costs
    for tag in [tag for tag, revision in left.tags().items() if revision == unwanted.name and not examined]:
        if tag == record.tag or not unwanted.ready:
            left = left.untagged(tag)
    return left


def _ending(
    wanted: Service, service: run_v2.Service, record: ReleaseRecord, now: TrafficMap, left: TrafficMap
) -> LeaseEnded:
    tag = record.tag or ""
    if now.tags().get(tag, "") != record.candidate or record.candidate in now.shares():
        return LeaseEnded()
    kept = tag in left.tags()
    return LeaseEnded(record.candidate or "", tag, (url_of_tag(wanted, service, tag) or "") if kept else "")


def _unwanted(context: ServiceContext, path: str, release: Release) -> _Unwanted | None:
    """A tag on a revision that never came up would keep Cloud Run from applying any later traffic."""
    service = context.api.service(path)
    record = record_of(service.annotations) if service is not None else None
    if record is None or record.id != release.id or not record.candidate:
        return None
    revision = context.api.revision(path, record.candidate)
    if revision is None:
        return _Unwanted(record.candidate, ready=False, costs=False)
    summary = ready(conditions_of(revision.conditions))
    is_ready = summary is not None and summary.succeeded
    return _Unwanted(record.candidate, is_ready, revision.scaling.min_instance_count > 0)
