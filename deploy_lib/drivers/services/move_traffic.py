"""Moving traffic: only from a map that is this release's own, and read back.

A map that the release did not leave there was put there by someone else. It is not overwritten: the move ends as a
conflict that says what changed.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.context import ServiceContext, settle
from deploy_lib.drivers.services.expose import Exposing
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.service_annotations import record_of, set_annotations
from deploy_lib.drivers.services.traffic import difference, same, spec_traffic, targets
from deploy_lib.drivers.traffic_watcher import RevisionHealth
from deploy_lib.model.answers import TrafficMoved
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2

    from deploy_lib.steps.promote import MoveTraffic


class TrafficConflict(Exception):
    """The service carries a map that is not this release's. `now` is without the temporary tag."""

    def __init__(self, now: TrafficMap, message: str) -> None:
        super().__init__(message)
        self.now = now
        self.message = message


def move_traffic(context: ServiceContext, request: MoveTraffic, tell: Tell) -> TrafficMoved:
    """The traffic after the move, read back; `conflict` says who changed it meanwhile, and then nothing was moved.

    Raises DriverError when Cloud Run refuses the move or does not carry it out in time.
    """
    release, path, write = request.release, request.release.service.path, secrets.token_hex(6)

    def edit(service: run_v2.Service) -> list[str]:
        context.leases.guard(path, service)
        record = record_of(service.annotations) or ReleaseRecord.begun(release, release.before or TrafficMap())
        if record.write == write:  # made, and the answer was lost
            return []
        refuse_others(context, service, record.own_tag, request.ours, request.target)
        tag = record.own_tag
        stable = spec_traffic(service).tags().get(tag) if tag else None
        service.traffic = targets(request.target.tagged(tag, stable) if tag and stable else request.target)
        changes, fields = exposing.put(service, record)
        noted = replace(
            record,
            candidate=release.candidate,
            tag=release.tag,
            asked=record.asked + 1,
            percent=request.settings.percent,
            write=write,
            restored=False,
            exposure=changes,
        )
        set_annotations(service, service_annotations.with_record(service.annotations, noted))
        return ["traffic", "annotations", *fields]

    exposing = Exposing.of(context, request)

    doing = f"give {release.candidate} {request.settings.percent} % of the traffic"
    try:
        changed = context.writer.write(path, edit, doing)
    except TrafficConflict as conflict:
        return TrafficMoved(conflict.now, conflict=conflict.message)

    def lacks(found: run_v2.Service) -> str:
        return conflicting_change(context, found, request.target)

    try:
        settled = settle(context, path, changed.operation, doing, lacks=lacks, tell=tell)
    except DriverError:
        found = context.api.service(path)
        if found is None or not lacks(found):
            raise
        return TrafficMoved(spec_traffic(found), conflict=lacks(found))
    exposing.let_in(context, tell)
    at = context.clock.now()
    tell(f"now serving: {spec_traffic(settled)}")
    state = _state(context, request, tell)
    return TrafficMoved(request.target, revision_failed=state.failed, at=at, ends=state.ends)


def _state(context: ServiceContext, request: MoveTraffic, tell: Tell) -> RevisionHealth:
    """What cannot be found out does not count as a failure."""
    try:
        return context.watch.state(request.release)
    except DriverError as problem:
        tell(f"the candidate could not be watched: {problem.reason}")
        return RevisionHealth()


def refuse_others(
    context: ServiceContext,
    service: run_v2.Service,
    own_tag: str | None,
    ours: tuple[TrafficMap, ...],
    target: TrafficMap,
) -> None:
    """Raises TrafficConflict unless the service has one of our maps or the target. No maps: anything may go."""
    now = spec_traffic(service)
    if not ours or any(same(now, each, own_tag) for each in (*ours, target)):
        return
    plain = now.untagged(own_tag) if own_tag else now
    raise TrafficConflict(plain, f"{_other_writer(context, service)} changed the traffic: {difference(ours, plain)}")


def conflicting_change(context: ServiceContext, service: run_v2.Service, target: TrafficMap) -> str:
    """Who replaced the map that was put in place, and by what; empty when the service still carries it."""
    now = spec_traffic(service)
    if now.shares() == target.shares():
        return ""
    return f"{_other_writer(context, service)} changed the traffic: {difference([target], now)}"


def _other_writer(context: ServiceContext, service: run_v2.Service) -> str:
    """Who wrote last, unless that was this release renewing its lease."""
    try:
        account = context.calls.clients.last_modifier
    except DriverError:
        account = None
    known = account is not None and service.last_modifier not in ("", account)
    return service.last_modifier if known else "someone else"
