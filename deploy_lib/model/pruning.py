"""Which revisions and images of a service nothing needs any more. Pure.

What serves, has a tag, is the latest, or is named by the service's record of a release is kept, whatever its age: a
rollback must find it. So are the newest ones, and images with a tag that no release gave.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from deploy_lib.model.image_names import digest_of
from deploy_lib.model.state import ServiceState
from deploy_lib.model.traffic import TrafficMap

_TAG_OF_A_RELEASE = re.compile(r"[0-9a-f]{40,64}|\d{8}t\d{6}-.+")
"""A commit, or the id of a release: what a build calls its image."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OldRevision:
    """A revision as pruning sees it; `image` is as the revision names it."""

    name: str
    image: str
    created: datetime | None


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image of the registry by its digest, with the tags that lead to it."""

    digest: str
    tags: tuple[str, ...]
    uploaded: datetime | None


@dataclass(frozen=True, slots=True)
class Prunable:
    """What there is of one service. `led_to` says of a revision why Cloud Run needs it."""

    state: ServiceState
    revisions: tuple[OldRevision, ...]
    led_to: Mapping[str, str]
    images: tuple[StoredImage, ...] = ()


@dataclass(frozen=True, slots=True)
class PruneVerdict:
    """One revision or image; `why` says why it is kept, and is empty where it is not."""

    name: str
    why: str
    at: datetime | None = None

    @property
    def goes(self) -> bool:
        """Whether nothing needs it."""
        return not self.why


def judge_revisions(found: Prunable, keep: int) -> tuple[PruneVerdict, ...]:
    """All of them, newest first; `keep` of the newest stay in any case."""
    reasons = _named_by_releases(found.state) | dict(found.led_to)
    newest = sorted(found.revisions, key=lambda each: each.created or _NEVER, reverse=True)
    return tuple(
        PruneVerdict(each.name, reasons.get(each.name) or (_newest(keep) if index < keep else ""), each.created)
        for index, each in enumerate(newest)
    )


def judge_images(
    found: Prunable, revisions: Sequence[PruneVerdict], keep: int, elsewhere: Mapping[str, str] = MappingProxyType({})
) -> tuple[PruneVerdict, ...]:
    """All images, newest first. `elsewhere` are the digests that others need, and why."""
    reasons = {**elsewhere, **needed_images(found, {each.name for each in revisions if not each.goes})}
    newest = sorted(found.images, key=lambda each: each.uploaded or _NEVER, reverse=True)
    return tuple(
        PruneVerdict(
            each.digest,
            reasons.get(each.digest) or _other_tag(each) or (_newest(keep) if index < keep else ""),
            each.uploaded,
        )
        for index, each in enumerate(newest)
    )


def needed_images(found: Prunable, stay: Collection[str]) -> dict[str, str]:
    """By digest, why: a release made it, or one of those revisions that stay runs it."""
    reasons = {digest: f"release {release} made it" for release, digest in _digests(found.state)}
    for each in found.revisions:
        digest = digest_of(each.image)
        if each.name in stay and digest:
            reasons[digest] = f"{each.name} runs it"
    return reasons


def needed_once_pruned(found: Prunable, keep: int, *, stays: bool = False) -> dict[str, str]:
    """As `needed_images`, of what pruning will leave; all of it where it is not pruned, or somebody deploys it."""
    if stays or (found.state.lease is not None and not found.state.lease.expired):
        return needed_images(found, {each.name for each in found.revisions})
    return needed_images(found, {each.name for each in judge_revisions(found, keep) if not each.goes})


def _newest(keep: int) -> str:
    return f"one of the newest {keep}"


def _other_tag(image: StoredImage) -> str:
    other = [tag for tag in image.tags if not _TAG_OF_A_RELEASE.fullmatch(tag)]
    return f"it has the tag {other[0]}" if other else ""


def _named_by_releases(state: ServiceState) -> dict[str, str]:
    """Revisions of the release under way, and of those that the service remembers: where a rollback may go to."""
    found: dict[str, str] = {}
    for past in reversed(state.history):
        for name in _revisions(past.candidate, past.traffic, past.before):
            found[name] = f"release {past.id} names it"
    for left in (state.left, state.unfinished):
        if left is not None:
            for name in _revisions(left.candidate, left.before):
                found[name] = f"release {left.release_id}, which has not ended, names it"
    return found


def _revisions(candidate: str | None, *maps: TrafficMap) -> Iterator[str]:
    if candidate:
        yield candidate
    for each in maps:
        yield from (target.revision for target in each.targets)


def _digests(state: ServiceState) -> Iterator[tuple[str, str]]:
    for past in reversed(state.history):
        if past.digest:
            yield past.id, past.digest
    for left in (state.left, state.unfinished):
        digest = digest_of(left.image) if left is not None else None
        if left is not None and digest:
            yield left.release_id, digest
