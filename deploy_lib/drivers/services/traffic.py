"""The traffic of a Cloud Run service as a TrafficMap, and a TrafficMap as Cloud Run takes it.

Cloud Run knows targets by revision name and targets that follow the latest ready revision; a TrafficMap pins
everything by name, so "latest" is replaced by the revision it means now. From then on another tool's deployment does
not move users by itself any more (google-github-actions/deploy-cloudrun issue 466).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from deploy_lib.model.traffic import TrafficMap, TrafficTarget

if TYPE_CHECKING:
    from google.cloud import run_v2

STABLE_TAG = "stable"
"""Given to the stable revision while a release runs, so that it can be asked apart from the candidate."""


def short(resource: str) -> str:
    """The last part of a resource name."""
    return resource.rpartition("/")[2]


def spec_traffic(service: run_v2.Service) -> TrafficMap:
    """The map in the service's spec, which it is told to serve; empty while none of its revisions was ever ready."""
    latest = short(service.latest_ready_revision)
    if not latest:
        return TrafficMap()
    return _map(service.traffic, latest) if service.traffic else TrafficMap((TrafficTarget(latest, 100),))


def status_traffic(service: run_v2.Service) -> TrafficMap:
    """The map in the service's status: what Cloud Run says it serves.

    It is behind `spec_traffic` while the service reconciles, and after a failed update.
    """
    return _map(service.traffic_statuses, short(service.latest_ready_revision))


def baseline_traffic(service: run_v2.Service) -> TrafficMap:
    """What restoring should put back: the status where the last update failed, else the spec."""
    from google.cloud import run_v2

    failed = service.terminal_condition.state == run_v2.Condition.State.CONDITION_FAILED
    return (
        status_traffic(service)
        if failed and not service.reconciling and service.traffic_statuses
        else spec_traffic(service)
    )


def targets(traffic: TrafficMap) -> list[run_v2.TrafficTarget]:
    """One target per revision that serves, with its first tag; one of 0 % for every other tag."""
    from google.cloud import run_v2

    pinned = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
    tags = dict(traffic.tags())
    found = []
    for revision, percent in traffic.shares().items():
        tag = next((name for name, where in tags.items() if where == revision), "")
        tags.pop(tag, None)
        found.append(run_v2.TrafficTarget(type_=pinned, revision=revision, percent=percent, tag=tag))
    found += [run_v2.TrafficTarget(type_=pinned, revision=revision, tag=tag) for tag, revision in tags.items()]
    return found


def same(one: TrafficMap, other: TrafficMap, aside: str | None = None) -> bool:
    """Equal shares and tags, the tag `aside` left out of it."""
    return (one.untagged(aside) if aside else one).same_as(other.untagged(aside) if aside else other)


def difference(was: Iterable[TrafficMap], now: TrafficMap) -> str:
    """What the service carries that it should not, in words, against the likeliest of the maps it may carry."""

    def likeness(each: TrafficMap) -> tuple[int, int]:
        shares, tags = each.shares().items() & now.shares().items(), each.tags().items() & now.tags().items()
        return len(shares), len(tags)

    expected = max(was, key=likeness, default=None)
    if expected is None:
        return f"it now carries {now}"
    if expected.shares() != now.shares():
        return f"it now carries {now} instead of {expected}"
    gone, new = expected.tags().items() - now.tags().items(), now.tags().items() - expected.tags().items()
    found = [f"the tag {tag} was added on {revision}" for tag, revision in sorted(new)]
    found += [f"the tag {tag} is gone from {revision}" for tag, revision in sorted(gone)]
    return " and ".join(found) or f"it now carries {now}"


def _map(found: Any, latest: str) -> TrafficMap:
    return TrafficMap(
        tuple(TrafficTarget(short(each.revision) or latest, int(each.percent), each.tag or None) for each in found)
    )
