"""Acquire a service's deploy lease for one release, write the release's record, and look who holds it."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.processes import has_ended
from deploy_lib.drivers.services import by_hand, service_annotations
from deploy_lib.drivers.services.addresses import main_url
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.release_record import Lease, ReleaseRecord
from deploy_lib.drivers.services.service_annotations import record_of, set_annotations
from deploy_lib.drivers.services.traffic import baseline_traffic, spec_traffic
from deploy_lib.model.answers import LeaseTaken, UnfinishedRelease
from deploy_lib.model.release import Release
from deploy_lib.model.release_history import last_rollback
from deploy_lib.model.requests import TakeLease
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2


def acquire_lease(context: ServiceContext, request: TakeLease) -> LeaseTaken:
    """The lease, with the traffic that restoring puts back; `taken` is False when another deployer has it.

    A service that does not exist yet is created with the lease on it. Raises DriverError, and Interrupted from the
    clock: the lease may be written then, and is ended by `end_lease`.
    """
    release, path = request.release, request.release.service.path
    leases = context.leases
    leases.new(release.service, request.holder, request.lasts, release.id)
    try:
        other = leases.take(path, over=request.take_over)
        if other is not None:
            leases.forget(path)
            return refused_by(other)
        acquisition = _Acquisition(context, request)
        found = context.api.service(path)
        if found is not None:
            found = context.writer.write(path, acquisition.edit, "acquire the lease").service
    except DriverError:
        leave(context, path)
        raise
    if acquisition.held_by is not None:
        leave(context, path)
        return refused_by(acquisition.held_by)
    held = leases.held(path)
    assert held is not None
    if found is not None:
        leases.renew(path)
    answer = LeaseTaken(
        True,
        holder=held.lease.holder,
        since=held.lease.since,
        until=held.lease.until,
        clock_ahead=leases.ahead,
        unguarded=held.unguarded,
    )
    if found is None:
        return answer
    return replace(
        answer,
        before=acquisition.before,
        now=spec_traffic(found),
        url=main_url(release.service, found) or None,
        unfinished=acquisition.unfinished,
        rejected_digests=service_annotations.rejected_digests(found.annotations),
        over_hold=acquisition.over_hold,
        by_hand=acquisition.by_hand(),
    )


def leave(context: ServiceContext, path: str) -> None:
    """Of a lease that is of no use, the object must not keep the next deployer waiting. Never raises DriverError."""
    with contextlib.suppress(DriverError):  # it ends by itself
        context.leases.give_up(path)


@dataclass(slots=True)
class _Acquisition:
    """The edit, and what it found on the service it was made on."""

    context: ServiceContext
    request: TakeLease
    held_by: Lease | None = None
    before: TrafficMap = TrafficMap()
    unfinished: UnfinishedRelease | None = None
    by_hand: Callable[[], str] = str
    over_hold: str = ""

    def _passes_over(self, hold: Lease) -> bool:
        own = self.request.over_own_hold and hold.is_hold_of(self.request.holder)
        return own or (self.request.over_hold and hold.release_id is None)

    def edit(self, service: run_v2.Service) -> list[str]:
        release, path = self.request.release, self.request.release.service.path
        leases, others = self.context.leases, self.context.others
        if leases.ours(path, service):  # written, and the answer was lost
            return []
        over = self.request.take_over
        # A hold has no object: it is known without asking anybody, and stands again afterwards.
        other = None if over and service_annotations.object_of(service.annotations) else others.other(path, service)
        if other is not None and self._passes_over(other):
            leases.remember_hold(path, other)
            if self.request.over_hold:
                self.over_hold = f"{other.holder}{f' ({other.why})' if other.why else ''}"
            other = None
        self.held_by = None if over else other
        if self.held_by is not None:
            return []
        _refuse_if_rolled_back(service, self.request.known_rollback)
        record = record_of(service.annotations)
        own = record.id == release.id if record else False
        tag = record.own_tag if record else None
        baseline = baseline_traffic(service).untagged(tag) if tag else baseline_traffic(service)
        self.before = release.before or (record.before if record and own else baseline)
        self.by_hand = str if own else partial(by_hand.describe, self.context, path, copy.deepcopy(service), record)
        self.unfinished = record.unfinished() if record and not record.restored else None
        if record is None or not (own or _needs_repair(record, service)):
            record = ReleaseRecord.begun(release, self.before, image=release.image, own_tag=tag)
        elif own:
            record = replace(record, before=self.before, traffic=release.options.traffic)
        set_annotations(service, service_annotations.succeeded(service.annotations, record, self.context.clock.now()))
        leases.extend(path, service)
        return ["annotations"]


def who_deploys(context: ServiceContext, service: Service) -> LeaseTaken:
    """Who deploys the service now; `taken` when there is no other deployer. Reads only. Raises DriverError."""
    found = context.api.service(service.path)
    other = context.others.holder(service, found)
    answer = refused_by(other) if other is not None else LeaseTaken(True, absent=found is None)
    if found is None:
        return answer
    rollback = last_rollback(service_annotations.history_of(found.annotations))
    return replace(answer, last_rollback=rollback.id if rollback else "")


def taken_over(context: ServiceContext, service: Service) -> str:
    """Who took the service from this process, or had it since; empty while the lease is ours. Raises DriverError."""
    found = context.api.service(service.path)
    return context.leases.taken_over(service.path, found) if found is not None else ""


def record_passed(context: ServiceContext, release: Release) -> None:
    """Record on the service that every traffic move asked for so far was answered, and well. Raises DriverError."""
    path = release.service.path

    def edit(service: run_v2.Service) -> list[str]:
        context.leases.guard(path, service)
        record = record_of(service.annotations)
        if record is None or record.passed == record.asked:
            return []
        noted = replace(record, passed=record.asked)
        set_annotations(service, service_annotations.with_record(service.annotations, noted))
        return ["annotations"]

    context.writer.write(path, edit, "record the progress")


def refused_by(lease: Lease) -> LeaseTaken:
    """The answer for a service whose lease somebody else has."""
    held = "" if lease.release_id else f" (on hold{f': {lease.why}' if lease.why else ''})"
    return LeaseTaken(
        False,
        holder=lease.holder + held,
        since=lease.since,
        until=lease.until,
        on_hold=lease.release_id is None,
        holder_ended=has_ended(lease.holder),
    )


def _refuse_if_rolled_back(service: run_v2.Service, known: str | None) -> None:
    """Raises DriverError, which is `busy`: nothing was done."""
    newest = last_rollback(service_annotations.history_of(service.annotations))
    if known is None or newest is None or newest.id == known:
        return
    at = f" at {newest.at:%H:%M:%S} UTC" if newest.at else ""
    refused = DriverError(f"{newest.id} went back to {newest.traffic}{at}, after this release had begun")
    refused.busy = refused.no_effect = True
    raise refused


def _needs_repair(record: ReleaseRecord, service: run_v2.Service) -> bool:
    """Another release's record stays until its traffic is put back, so that a second taker can still do it."""
    serves = bool(record.candidate and spec_traffic(service).shares().get(record.candidate))
    return serves and not record.restored
