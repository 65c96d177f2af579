"""Taking a service for a release, and letting go of it: the lease, the release's record, and the history."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from deploy_lib.drivers.conditions import conditions_of, ready
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.processes import has_ended
from deploy_lib.drivers.services import by_hand, records
from deploy_lib.drivers.services.leases import set_annotations
from deploy_lib.drivers.services.records import Lease, Record, record_of
from deploy_lib.drivers.services.tools import Tools
from deploy_lib.drivers.services.traffic import carried, standing, tag_url, targets
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.answers import LeaseEnded, LeaseTaken, LeftBehind
from deploy_lib.model.release import Release
from deploy_lib.model.remembered import last_rollback
from deploy_lib.model.requests import EndLease, TakeLease
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2


def take(tools: Tools, request: TakeLease) -> LeaseTaken:
    """A service that does not exist yet is taken by creating it, with the lease on it from the start."""
    release, path = request.release, request.release.service.path
    lease = tools.leases.new(path, request.holder, request.lasts, release.id)
    if tools.api.service(path) is None:
        return LeaseTaken(True, holder=lease.holder, since=lease.since, until=lease.until)
    taking = _Taking(tools, request)
    changed = tools.changes.make(path, taking.edit, "take the lease")
    if taking.refused_by is not None:
        tools.leases.forget(path)
        return refusal(taking.refused_by)
    tools.leases.renew(path)
    written = plain_time(tools.api.written_at(path)) if changed.operation else None
    return LeaseTaken(
        True,
        before=taking.before,
        now=carried(changed.service),
        url=changed.service.uri or None,
        holder=lease.holder,
        since=lease.since,
        until=lease.until,
        unfinished=taking.unfinished,
        bad=records.bad_digests(changed.service.annotations),
        clock_ahead=(tools.clock.now() - written).total_seconds() if written else 0.0,
        by_hand=taking.by_hand(),
    )


@dataclass(slots=True)
class _Taking:
    """The edit, and what it found on the service it was made on."""

    tools: Tools
    request: TakeLease
    refused_by: Lease | None = None
    before: TrafficMap = TrafficMap()
    unfinished: LeftBehind | None = None
    by_hand: Callable[[], str] = str

    def edit(self, service: run_v2.Service) -> list[str]:
        release, path = self.request.release, self.request.release.service.path
        leases = self.tools.leases
        if leases.ours(path, service):  # written, and the answer was lost
            return []
        other = leases.other(path, service)
        if other is not None and self.request.over_own_hold and other.is_hold_of(self.request.holder):
            leases.remember_hold(path, other)
            other = None
        self.refused_by = None if self.request.take_over else other
        if self.refused_by is not None:
            return []
        _refuse_if_rolled_back(service, self.request.known_rollback)
        record = record_of(service.annotations)
        own = record.id == release.id if record else False
        tag = record.own_tag if record else None
        standing_now = standing(service).untagged(tag) if tag else standing(service)
        self.before = release.before or (record.before if record and own else standing_now)
        self.by_hand = str if own else partial(by_hand.told, self.tools, path, copy.deepcopy(service), record)
        self.unfinished = record.left_behind() if record and not record.restored else None
        if record is None or not (own or _needs_repair(record, service)):
            record = Record.begun(release, self.before, image=release.image, own_tag=tag)
        elif own:
            record = replace(record, before=self.before, traffic=release.options.traffic)
        set_annotations(service, records.succeeded(service.annotations, record, self.tools.clock.now()))
        leases.extend(path, service)
        return ["annotations"]


def end(tools: Tools, request: EndLease) -> LeaseEnded:
    """Quiet when the lease is no longer ours: the service is in other hands then.

    A candidate that was not wanted keeps its tag only where users had met it, it came up, and it costs nothing: a
    tagged revision keeps its minimum instances running (https://cloud.google.com/run/docs/configuring/min-instances).
    """
    release, path = request.release, request.release.service.path
    ended = request.outcome is None or not request.outcome.is_open
    wanted = request.outcome is not None and request.outcome.is_good
    unwanted = _unwanted(tools, path, release) if ended and not wanted else None
    ending = LeaseEnded()

    def edit(service: run_v2.Service) -> list[str]:
        if not tools.leases.ours(path, service):
            return []
        hold = tools.leases.hold_to_put_back(path)
        mask, annotations = ["annotations"], records.with_lease(service.annotations, hold)
        record, now = record_of(annotations), carried(service)
        if record is not None and record.id == release.id:
            left = _tidied(now, record, unwanted) if ended else now
            nonlocal ending
            ending = _ending(service, record, now, left) if unwanted else LeaseEnded()
            if not left.same_as(now):
                service.traffic = targets(left)
                mask.append("traffic")
            annotations = records.with_record(annotations, None) if ended else annotations
            if request.outcome is not None:
                known = replace(
                    record, image=release.image or record.image, candidate=release.candidate or record.candidate
                )
                past = known.past(request.outcome, tools.clock.now(), left, request.image_is_to_blame)
                annotations = records.with_past(annotations, replace(past, labels=dict(service.labels)))
        set_annotations(service, annotations)
        return mask

    try:
        if tools.api.service(path) is not None:
            tools.changes.make(path, edit, "give the lease back")
    finally:
        tools.leases.forget(path)
    return ending


def who_deploys(tools: Tools, service: Service) -> LeaseTaken:
    """`taken` when nobody does."""
    found = tools.api.service(service.path)
    if found is None:
        return LeaseTaken(True, absent=True)
    other, rollback = tools.leases.other(service.path, found), last_rollback(records.history_of(found.annotations))
    return refusal(other) if other is not None else LeaseTaken(True, last_rollback=rollback.id if rollback else "")


def taken_over(tools: Tools, service: Service) -> str:
    """Who has the service that this process deploys, or had it meanwhile; empty while it is ours."""
    found = tools.api.service(service.path)
    return tools.leases.taken_over(service.path, found) if found is not None else ""


def record_passed(tools: Tools, release: Release) -> None:
    """Every traffic move asked for so far was answered, and the answer was good."""
    path = release.service.path

    def edit(service: run_v2.Service) -> list[str]:
        tools.leases.guard(path, service)
        record = record_of(service.annotations)
        if record is None or record.passed == record.asked:
            return []
        noted = replace(record, passed=record.asked)
        set_annotations(service, records.with_record(service.annotations, noted))
        return ["annotations"]

    tools.changes.make(path, edit, "note the progress")


def hold(tools: Tools, service: Service, holder: str, lasts: float, why: str) -> LeaseTaken:
    """A lease that outlives this process and is not renewed."""
    path = service.path
    lease = tools.leases.new(path, holder, lasts, None, why)
    met: list[Lease] = []

    def edit(found: run_v2.Service) -> list[str]:
        met.clear()
        if tools.leases.ours(path, found):
            return []
        other = tools.leases.other(path, found)
        if other is not None and not other.is_hold_of(holder):
            met.append(other)
            return []
        tools.leases.extend(path, found)
        return ["annotations"]

    try:
        tools.changes.make(path, edit, "hold the service")
    finally:
        tools.leases.forget(path)
    return refusal(met[0]) if met else LeaseTaken(True, holder=holder, since=lease.since, until=lease.until)


def let_go(tools: Tools, service: Service) -> str | None:
    """Who held it; None when nobody did. Raises DriverError when a release is under way."""
    path, held = service.path, []

    def edit(found: run_v2.Service) -> list[str]:
        lease = records.lease_of(found.annotations)
        if lease is None:
            return []
        if lease.release_id is not None and lease.until > tools.clock.now():
            busy = DriverError(
                f"{lease.holder} is deploying {service.name}, until {lease.until:%H:%M:%S} UTC unless renewed",
                "stop that release with Ctrl-C where it runs; a killed one ends with its lease",
                conflict=True,
            )
            busy.busy = busy.untouched = True
            raise busy
        held.append(lease.holder)
        set_annotations(found, records.with_lease(found.annotations, None))
        return ["annotations"]

    tools.changes.make(path, edit, "let go of the service")
    return held[0] if held else None


def refusal(lease: Lease) -> LeaseTaken:
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
    newest = last_rollback(records.history_of(service.annotations))
    if known is None or newest is None or newest.id == known:
        return
    at = f" at {newest.at:%H:%M:%S} UTC" if newest.at else ""
    refused = DriverError(f"{newest.id} went back to {newest.traffic}{at}, after this release had begun")
    refused.busy = refused.untouched = True
    raise refused


def _needs_repair(record: Record, service: run_v2.Service) -> bool:
    """Another release's record stays until its traffic is put back, so that a second taker can still do it."""
    serves = bool(record.candidate and carried(service).shares().get(record.candidate))
    return serves and not record.restored


@dataclass(frozen=True, slots=True)
class _Unwanted:
    """A candidate that its release ended without; `ready` and `costs` (minimum instances) are of its revision."""

    name: str
    ready: bool
    costs: bool


def _tidied(now: TrafficMap, record: Record, unwanted: _Unwanted | None) -> TrafficMap:
    """Without the tag lent to the stable revision, and without that of a candidate nobody needs to look at."""
    left = now.untagged(record.own_tag) if record.own_tag else now
    if unwanted is None or unwanted.name in now.shares():
        return left
    examined = unwanted.ready and record.asked > 0 and not unwanted.costs
    for tag in [tag for tag, revision in left.tags().items() if revision == unwanted.name and not examined]:
        if tag == record.tag or not unwanted.ready:
            left = left.untagged(tag)
    return left


def _ending(service: run_v2.Service, record: Record, now: TrafficMap, left: TrafficMap) -> LeaseEnded:
    tag = record.tag or ""
    if now.tags().get(tag, "") != record.candidate or record.candidate in now.shares():
        return LeaseEnded()
    kept = tag in left.tags()
    return LeaseEnded(record.candidate or "", tag, (tag_url(service, tag) or "") if kept else "")


def _unwanted(tools: Tools, path: str, release: Release) -> _Unwanted | None:
    """A tag on a revision that never came up would keep Cloud Run from applying any later traffic."""
    service = tools.api.service(path)
    record = record_of(service.annotations) if service is not None else None
    if record is None or record.id != release.id or not record.candidate:
        return None
    revision = tools.api.revision(path, record.candidate)
    if revision is None:
        return _Unwanted(record.candidate, ready=False, costs=False)
    summary = ready(conditions_of(revision.conditions))
    is_ready = summary is not None and summary.state == "CONDITION_SUCCEEDED"
    return _Unwanted(record.candidate, is_ready, revision.scaling.min_instance_count > 0)
