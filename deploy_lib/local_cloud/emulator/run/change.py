"""Applies one change of a service: checks it, counts generations, makes the new revision.

Nothing is started here; that follows in `rollout`. Without errors it is one step, so validate_only is this on a
copy that is thrown away.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from google.cloud.run_v2.types import IngressTraffic, RevisionTemplate, Service

from ..registry.images import RegistryImages
from ..wire.caller import caller
from . import checks, conditions, traffic
from .catalogue import copy_service
from .mask import merge
from .names import ServiceName, generate_revision
from .refusal import RunRefusal
from .requirements import find_image
from .revisions import make_revision
from .store import Deployed, ServiceRecord
from .template import fill_in
from .versions import stamp

_MOST_REVISIONS = 1000  # https://cloud.google.com/run/quotas
RESTORABLE = datetime.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """`revision` is the short name of the revision to bring up, None when the template stayed as it was."""

    record: ServiceRecord
    revision: str | None


def create(name: ServiceName, wanted: Service, images: RegistryImages, now: datetime.datetime) -> AppliedChange:
    """The record of a new service. Raises RunRefusal."""
    empty = Service(uid=str(uuid.uuid4()), create_time=now)
    return _apply(ServiceRecord(name, empty), merge(empty, wanted, []), images, now)


def update(
    record: ServiceRecord, wanted: Service, paths: Sequence[str], images: RegistryImages, now: datetime.datetime
) -> AppliedChange:
    """A new record in place of `record`, which stays untouched; `paths` is the update mask. Raises RunRefusal."""
    copy = replace(record, revisions=dict(record.revisions))
    return _apply(copy, merge(record.service, wanted, paths), images, now)


def deleted(service: Service, now: datetime.datetime) -> Service:
    """A copy as a deletion leaves it at once: it could be restored for 30 days [recorded]."""
    going = copy_service(service)
    going.generation += 1
    stamp(going, now)
    going.last_modifier, going.reconciling = caller(), True
    going.delete_time, going.expire_time = going.update_time, going.update_time + RESTORABLE
    going.terminal_condition = conditions.accepted(service.terminal_condition)
    return going


def gone(going: Service, now: datetime.datetime) -> Service:
    """A copy as it is when the deletion has ended: the one end that makes a new version [recorded]."""
    ended = copy_service(going)
    stamp(ended, now)
    ended.reconciling, ended.observed_generation = False, ended.generation
    ended.terminal_condition = conditions.ready(ended.update_time)
    return ended


def _apply(record: ServiceRecord, wanted: Service, images: RegistryImages, now: datetime.datetime) -> AppliedChange:
    name, before = record.name, record.service
    checks.check_shape(wanted.template)
    fill_in(wanted.template, name.project)
    checks.check_service(wanted, before, name.service)
    wanted.ingress = wanted.ingress or IngressTraffic(IngressTraffic.INGRESS_TRAFFIC_ALL)
    if not wanted.traffic:
        wanted.traffic = [traffic.everything_to_latest()]
    traffic.check(list(wanted.traffic), name.service)

    new_template = before.generation == 0 or wanted.template != before.template
    moved = new_template or list(wanted.traffic) != list(before.traffic) or _spec(wanted) != _spec(before)
    wanted.name = str(name)
    stamp(wanted, now)
    wanted.creator, wanted.last_modifier = before.creator or caller(), caller()
    wanted.generation = before.generation + 1 if moved else before.generation
    wanted.reconciling = True
    wanted.terminal_condition = conditions.accepted(before.terminal_condition)
    record.service = wanted
    fresh = _next_revision(record, images, now) if new_template else None
    return AppliedChange(record, fresh)


def _next_revision(record: ServiceRecord, images: RegistryImages, now: datetime.datetime) -> str | None:
    """Also points the record at it. None when the wanted template is that of a revision which is there already."""
    service, name = record.service, record.name
    short = service.template.revision
    record.template_generation = service.generation
    if short in record.revisions:
        if _nameless(record.revisions[short].template) != _nameless(service.template):
            raise RunRefusal("ALREADY_EXISTS", f"Revision named '{short}' with different configuration already exists.")
        record.current = short
        return None
    if len(record.revisions) >= _MOST_REVISIONS:
        _make_room(record)
    short = short or generate_revision(name.service, service.generation)
    template = RevisionTemplate.deserialize(RevisionTemplate.serialize(service.template))
    digests = tuple(find_image(images, container.image) or "" for container in template.containers)
    revision = make_revision(template, name, short, service, now)
    record.revisions[short] = Deployed(revision, template, digests)
    record.current = short
    return short


def _make_room(record: ServiceRecord) -> None:
    """The oldest revision that nothing leads to goes [doc: https://cloud.google.com/run/quotas].

    Raises RunRefusal where there is none, which is assumed.
    """
    service, latest = record.service, record.latest_ready
    led_to = traffic.targets([*service.traffic, *service.traffic_statuses], latest)
    kept = {*led_to, latest, record.current}
    oldest = next((short for short in record.revisions if short not in kept), None)
    if oldest is None:
        raise RunRefusal(
            "RESOURCE_EXHAUSTED",
            f"Service '{record.name.service}' has {_MOST_REVISIONS} revisions, the most that are allowed; delete some",
        )
    del record.revisions[oldest]


def _nameless(template: RevisionTemplate) -> RevisionTemplate:
    """A revision that was given its name by Cloud Run is the same when its template names it."""
    found: RevisionTemplate = RevisionTemplate.deserialize(RevisionTemplate.serialize(template))
    found.revision = ""
    return found


def _spec(service: Service) -> tuple[object, ...]:
    """What else counts as a change of the wanted state; labels and annotations do not."""
    return service.ingress, service.scaling, service.invoker_iam_disabled, service.default_uri_disabled
