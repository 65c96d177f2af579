"""Putting a traffic map back, and making sure that it is back.

Restoring blindly can remove the only healthy copy (fluxcd/flagger issue 1898): the revisions that shall serve must
exist and be ready, and a map that someone else put in place meanwhile is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.conditions import conditions_of, why_failed
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.services import records
from deploy_lib.drivers.services.arrival import answers_from
from deploy_lib.drivers.services.leases import set_annotations
from deploy_lib.drivers.services.moving import Elsewhere, refuse_others, undone
from deploy_lib.drivers.services.records import Record, record_of
from deploy_lib.drivers.services.tools import Tools, settle
from deploy_lib.drivers.services.traffic import carried, served, targets
from deploy_lib.model.answers import Restored
from deploy_lib.model.release import Release
from deploy_lib.model.requests import RestoreTraffic
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2


def restore(tools: Tools, request: RestoreTraffic, tell: Tell) -> Restored:
    release, path = request.release, request.release.service.path
    service = tools.api.service(path)
    if service is None:
        return Restored(False, TrafficMap(), "the service was deleted meanwhile")
    if not request.target.shares():
        return Restored(False, carried(service), "there is no earlier traffic to put back")
    target, unfit = _fitting(tools, path, request.target)
    if unfit:
        return Restored(False, carried(service), unfit)

    def edit(found: run_v2.Service) -> list[str]:
        tools.leases.guard(path, found, unless_absent=True)
        record = record_of(found.annotations)
        refuse_others(tools, found, record.own_tag if record else None, request.ours, request.target)
        own = record is not None and record.id == release.id
        arriving = found.reconciling or served(found).shares() == target.shares()
        if (record is None or (own and record.restored)) and carried(found).same_as(target) and arriving:
            return []
        found.traffic = targets(target)
        if record is not None:
            noted = records.started_over(record if own else _record(release, request.target, record))
            set_annotations(found, records.succeeded(found.annotations, noted, tools.clock.now()))
        return ["traffic", "annotations"]

    def lacks(found: run_v2.Service) -> str:
        return undone(tools, found, target)

    doing = "put the traffic back"
    try:
        changed = tools.changes.make(path, edit, doing)
        settled = settle(tools, path, changed.operation, doing, lacks=lacks, within=request.within)
    except Elsewhere as elsewhere:
        return Restored(False, elsewhere.now, f"{elsewhere.said}; it was left as it is")
    except DriverError as problem:
        found = tools.api.service(path)
        back = found is not None and not lacks(found) and served(found).shares() == target.shares()
        if found is None or problem.conflict or not (back or problem.may_pass_within):
            return Restored(False, served(found) if found is not None else TrafficMap(), problem.told)
        if not back:
            raise
        settled = found  # it had never moved, and that is all that matters
    tell(f"back to: {served(settled)}")
    health = release.service.health
    arrived, last = answers_from(tools, settled.uri, health, target.shares(), request.within)
    if arrived:
        if last is not None and last.status is not None and not 200 <= last.status < 300:
            tell(f"{health.path} answers {last.status} from what was put back")
        return Restored(True, carried(settled))
    said = f"it answers from {last.revision}" if last and last.revision else (last.problem if last else "")
    reason = f"the traffic is back, but {settled.uri} does not answer from it: {said or 'no answer came'}"
    return Restored(False, carried(settled), reason)


def _record(release: Release, target: TrafficMap, other: Record) -> Record:
    """Of a rollback that undoes what another release left: that one goes into the history, the tag it lent does not."""
    return Record.begun(release, target, candidate=release.candidate, own_tag=other.own_tag)


def _fitting(tools: Tools, path: str, target: TrafficMap) -> tuple[TrafficMap, str]:
    """The map without tags of revisions that are gone or never came up, and why it cannot serve, if so.

    A revision that cannot be looked at is taken for fit: Cloud Run itself refuses a map that leads to nothing.
    """
    unfit: dict[str, str] = {}
    for name in {each.revision for each in target.targets}:
        try:
            revision = tools.api.revision(path, name)
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
