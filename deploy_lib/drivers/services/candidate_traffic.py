"""The traffic map in which a candidate appears: with its tag, without users, and nothing else changed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.traffic import STABLE_TAG, difference, same
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

if TYPE_CHECKING:
    from deploy_lib.steps.canary import CreateRevision

LONGEST_HOST = 46
"""Characters of a service's name and a tag together, as Cloud Run allows them in one host name."""


def beside(now: TrafficMap, record: ReleaseRecord, request: CreateRevision, name: str) -> tuple[TrafficMap, str | None]:
    """The traffic with the candidate in it, and the stable revision's temporary tag.

    Raises DriverError when the traffic is no longer the one that the release found.
    """
    release, tag = request.release, request.settings.tag
    if not now.shares():
        return alone(name, tag), None
    before = release.before if release.before is not None else now
    if before.shares() and not same(now.untagged(tag), before.untagged(tag), record.own_tag):
        change = difference([before], now.untagged(record.own_tag) if record.own_tag else now)
        raise DriverError(f"the traffic was changed since this release began: {change}", "start again", conflict=True)
    if not before.shares():
        return now.tagged(tag, name), None
    plain = (now.untagged(record.own_tag) if record.own_tag else now).tagged(tag, name)
    stable = before.main_revision() or ""
    fits = len(release.service.cloud_run) + len(STABLE_TAG) <= LONGEST_HOST
    if stable in plain.tags().values() or STABLE_TAG in plain.tags() or not fits:
        return plain, None
    return plain.tagged(STABLE_TAG, stable), STABLE_TAG


def alone(name: str, tag: str) -> TrafficMap:
    """All traffic on one revision, which has the tag."""
    return TrafficMap((TrafficTarget(name, 100, tag),))
