"""Traffic as a client asks for it: what is refused, and which revision each target means. Pure.

https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration and the reference of TrafficTarget.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from google.cloud.run_v2.types import TrafficTarget, TrafficTargetAllocationType, TrafficTargetStatus

from .refusal import invalid

LATEST = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
REVISION = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
_TAG = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_LONGEST = 46  # characters of a tag and its service's name together


def everything_to_latest() -> TrafficTarget:
    return TrafficTarget(type_=LATEST, percent=100)


def check(traffic: Sequence[TrafficTarget], service: str) -> None:
    """Raises RunRefusal with every problem in one message."""
    problems = []
    for number, target in enumerate(traffic):
        where = f"traffic[{number}]"
        if target.type_ == LATEST and target.revision:
            problems.append(f"{where}: a target of the latest revision must name none")
        elif target.type_ == REVISION and not target.revision:
            problems.append(f"{where}.revision: the revision is missing")
        elif target.type_ not in (LATEST, REVISION):
            problems.append(f"{where}.type: must say the latest revision or a named one")
        if not 0 <= target.percent <= 100:
            problems.append(f"{where}.percent: must be from 0 to 100")
        if target.tag and (not _TAG.fullmatch(target.tag) or len(target.tag) + len(service) > _LONGEST):
            problems.append(
                f"{where}.tag: {target.tag!r} must hold lower-case letters, digits and hyphens, begin with a letter, "
                f"and be at most {_LONGEST} characters together with the service's name"
            )
    tags = [target.tag for target in traffic if target.tag]
    problems += [
        f"traffic: the tag {tag} is used more than once" for tag in sorted({t for t in tags if tags.count(t) > 1})
    ]
    total = sum(target.percent for target in traffic)
    if total != 100:
        problems.append(f"traffic: the sum of percents must be 100, but is {total}")
    if problems:
        raise invalid("; ".join(problems))


def targets(traffic: Sequence[TrafficTarget], latest: str) -> list[str]:
    """The revision of each target by short name; `latest` for those that follow it, which may be "" for none."""
    return [latest if target.type_ == LATEST else target.revision for target in traffic]


def statuses(traffic: Sequence[TrafficTarget], uri_of: Callable[[str], str]) -> list[TrafficTargetStatus]:
    """What Cloud Run reports as serving: the targets, with the URL of each tag."""
    return [
        TrafficTargetStatus(
            type_=target.type_,
            revision=target.revision,
            percent=target.percent,
            tag=target.tag,
            uri=uri_of(target.tag) if target.tag else "",
        )
        for target in traffic
    ]


def shares(found: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Percent by revision, those with none left out; a revision may stand in several targets."""
    total: dict[str, int] = {}
    for revision, percent in found:
        total[revision] = total.get(revision, 0) + percent
    return {revision: percent for revision, percent in total.items() if percent}
