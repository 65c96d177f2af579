"""Putting a traffic map back, and making sure that it is back.

Restoring blindly can remove the only healthy copy (fluxcd/flagger issue 1898): the revisions that shall serve must
exist and be ready, and a map that someone else put in place meanwhile is left alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.conditions import conditions_of, why_failed
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.addresses import main_url
from deploy_lib.drivers.services.context import ServiceContext, settle
from deploy_lib.drivers.services.expose import Reverting
from deploy_lib.drivers.services.move_traffic import TrafficConflict, conflicting_change, refuse_others
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.service_annotations import history_of, record_of, set_annotations
from deploy_lib.drivers.services.traffic import spec_traffic, status_traffic, targets
from deploy_lib.drivers.services.verify_serving import answers_from
from deploy_lib.model.answers import Restored
from deploy_lib.model.exposure import joined
from deploy_lib.model.release import Release
from deploy_lib.model.release_history import is_rollback
from deploy_lib.model.requests import RestoreTraffic
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2


def restore_traffic(context: ServiceContext, request: RestoreTraffic, tell: Tell) -> Restored:
    """What serves after restoring; `complete` when the map was read back and, where it is to be asked, the main URL
    answered from it.

    `reason` says why not. Raises DriverError while asking again may still help: see `may_pass_within`.
    """
    release, path = request.release, request.release.service.path
    service = context.api.service(path)
    if service is None:
        return Restored(False, TrafficMap(), "the service was deleted meanwhile")
    if not request.target.shares():
        return Restored(False, spec_traffic(service), "there is no earlier traffic to put back")
    target, unfit = _fitting(context, path, request.target)
    if unfit:
        return Restored(False, spec_traffic(service), unfit)

    def edit(found: run_v2.Service) -> list[str]:
        context.leases.guard(path, found, unless_absent=True)
        record = record_of(found.annotations)
        refuse_others(context, found, record.own_tag if record else None, request.ours, request.target)
        own = record is not None and record.id == release.id
        changes, fields = reverting.put(found, record, history_of(found.annotations))
        arriving = found.reconciling or status_traffic(found).shares() == target.shares()
        there = spec_traffic(found).same_as(target) and arriving and not fields
        if (record is None or (own and record.restored)) and there:
            return []
        found.traffic = targets(target)
        if record is not None:
            noted = service_annotations.started_over(
                record if own else _rollback_record(release, request.target, record)
            )
            noted = replace(noted, restored=not reverting.pending)
            if is_rollback(release.id):
                noted = replace(noted, exposure=joined(noted.exposure, changes))
            set_annotations(found, service_annotations.succeeded(found.annotations, noted, context.clock.now()))
        return ["traffic", "annotations", *fields]

    def lacks(found: run_v2.Service) -> str:
        return conflicting_change(context, found, target)

    reverting, doing = Reverting(release, request.target), "put the traffic back"
    try:
        changed = context.writer.write(path, edit, doing)
        settled = settle(context, path, changed.operation, doing, lacks=lacks, within=request.within, tell=tell)
    except TrafficConflict as conflict:
        return Restored(False, conflict.now, f"{conflict.message}; it was left as it is")
    except DriverError as problem:
        found = context.api.service(path)
        back = found is not None and not lacks(found) and status_traffic(found).shares() == target.shares()
        if found is None or problem.conflict or not (back or problem.may_pass_within):
            return Restored(False, status_traffic(found) if found is not None else TrafficMap(), problem.with_remedy)
        if not back:
            raise
        settled = found  # it had never moved, and that is all that matters
    tell(f"back to: {status_traffic(settled)}")
    refused = _let_in_again(context, path, reverting, tell)
    if refused:
        return Restored(False, spec_traffic(settled), refused)
    health = release.service.health
    url = main_url(release.service, settled)
    if not (url and request.asks):  # as Cloud Run reports it, which is all that can be known without an address
        return Restored(True, spec_traffic(settled))
    arrived, last = answers_from(context, url, health, target.shares(), request.within)
    if arrived:
        if last is not None and last.status is not None and not 200 <= last.status < 300:
            tell(f"{health.path} answers {last.status} from the restored revision")
        return Restored(True, spec_traffic(settled))
    answered = f"it answers from {last.revision}" if last and last.revision else (last.problem if last else "")
    reason = f"the traffic is back, but {url} does not answer from it: {answered or 'no answer came'}"
    return Restored(False, spec_traffic(settled), reason)


def _let_in_again(context: ServiceContext, path: str, reverting: Reverting, tell: Tell) -> str:
    """Why who may call the service could not be put back; empty where it was, or never changed. Raises DriverError
    while asking again may still help."""
    if not reverting.pending:
        return ""
    try:
        reverting.let_in(context, tell)
    except DriverError as problem:
        if problem.may_pass_within:
            raise
        return f"the traffic is back, but not who may call the service: {problem.with_remedy}"

    def edit(service: run_v2.Service) -> list[str]:
        context.leases.guard(path, service, unless_absent=True)
        record = record_of(service.annotations)
        if record is None or record.restored:
            return []
        noted = replace(record, restored=True)
        set_annotations(service, service_annotations.with_record(service.annotations, noted))
        return ["annotations"]

    context.writer.write(path, edit, "record that all is back")
    return ""


def _rollback_record(release: Release, target: TrafficMap, other: ReleaseRecord) -> ReleaseRecord:
    """Of a rollback that undoes what another release left: that one goes into the history, its tag does not."""
    return ReleaseRecord.begun(release, target, candidate=release.candidate, own_tag=other.own_tag)


def _fitting(context: ServiceContext, path: str, target: TrafficMap) -> tuple[TrafficMap, str]:
    """The map without tags of revisions that are gone or never came up, and why it cannot serve, if so.

    A revision that cannot be looked at is taken for fit: Cloud Run itself refuses a map that leads to nothing.
    """
    unfit: dict[str, str] = {}
    for name in {each.revision for each in target.targets}:
        try:
            revision = context.api.revision(path, name)
        except ApiError:
            continue
        if revision is None:
            unfit[name] = f"the revision {name} was deleted meanwhile"
            continue
        failed = why_failed(conditions_of(revision.conditions))
        if failed:
            unfit[name] = f"the revision {name} is not ready: {failed}"
    missing = [unfit[name] for name in target.shares() if name in unfit]
    for tag in [tag for tag, name in target.tags().items() if name in unfit]:
        target = target.untagged(tag)
    return target, "; ".join(missing)
