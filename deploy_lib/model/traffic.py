"""The traffic map of a service: which revision serves what share, and which tags point where.

Every target is pinned by revision name. `moved` and `tagged` are the only ways to a new map, so a promotion
can never lose a tag or a hand-made split between the other revisions.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrafficTarget:
    """A share in whole percent (0-100) for one revision, and the tag it answers to, if any."""

    revision: str
    percent: int = 0
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class TrafficMap:
    """All targets of a service. One revision may stand in several targets (one per tag)."""

    targets: tuple[TrafficTarget, ...] = ()

    def shares(self) -> dict[str, int]:
        """Revision name -> percent, of those that serve at all."""
        total: dict[str, int] = {}
        for target in self.targets:
            total[target.revision] = total.get(target.revision, 0) + target.percent
        return {revision: percent for revision, percent in total.items() if percent}

    def tags(self) -> dict[str, str]:
        """Tag -> revision name."""
        return {target.tag: target.revision for target in self.targets if target.tag}

    def main_revision(self) -> str | None:
        """The revision with the largest share; None when nothing serves."""
        shares = self.shares()
        return max(sorted(shares), key=lambda revision: shares[revision], default=None)

    def tagged(self, tag: str, revision: str) -> TrafficMap:
        """The same shares with `tag` on `revision`, taken from whoever had it."""
        tags = {**self.tags(), tag: revision}
        return _compose(self.shares(), tags)

    def untagged(self, tag: str) -> TrafficMap:
        """The same shares without that tag."""
        return _compose(self.shares(), {name: rev for name, rev in self.tags().items() if name != tag})

    def without(self, revision: str) -> TrafficMap:
        """No share and no tag for that revision; the others keep their proportions. Nothing, where it has all.

        >>> TrafficMap((TrafficTarget("a", 70), TrafficTarget("c", 30))).without("c").shares()
        {'a': 100}
        """
        others = {name: share for name, share in self.shares().items() if name != revision}
        tags = {tag: name for tag, name in self.tags().items() if name != revision}
        return _compose(_scaled(others, 100), tags)

    def moved(self, candidate: str, percent: int) -> TrafficMap:
        """`percent` to the candidate; the others keep their proportions of the rest, in whole percent; tags stay.

        >>> TrafficMap((TrafficTarget("a", 75), TrafficTarget("b", 25))).moved("c", 10).shares()
        {'a': 68, 'b': 22, 'c': 10}
        """
        others = {revision: share for revision, share in self.shares().items() if revision != candidate}
        shares = _scaled(others, 100 - percent)
        if percent:
            shares[candidate] = percent if others else 100
        return _compose(shares, self.tags())

    def same_as(self, other: TrafficMap) -> bool:
        """Equal shares and equal tags, whatever the order of the targets."""
        return self.shares() == other.shares() and self.tags() == other.tags()

    def __str__(self) -> str:
        parts = [f"{revision} {percent} %" for revision, percent in self.shares().items()]
        return ", ".join(parts) or "nothing"


def _scaled(shares: dict[str, int], total: int) -> dict[str, int]:
    """Whole percents in the given proportions that sum to `total` (largest remainders, first come first)."""
    whole = sum(shares.values())
    if not whole or not total:
        return {}
    exact = {revision: share * total / whole for revision, share in shares.items()}
    floors = {revision: int(value) for revision, value in exact.items()}
    missing = total - sum(floors.values())
    by_remainder = sorted(exact, key=lambda revision: floors[revision] - exact[revision])
    for revision in by_remainder[:missing]:
        floors[revision] += 1
    return {revision: value for revision, value in floors.items() if value}


def _compose(shares: dict[str, int], tags: dict[str, str]) -> TrafficMap:
    """Shares without a tag come first, each tag follows as its target of 0 %.

    Cloud Run accepts a revision in several targets as long as each tag is unique.
    """
    serving = [TrafficTarget(revision, percent) for revision, percent in shares.items()]
    tagged = [TrafficTarget(revision, 0, tag) for tag, revision in tags.items()]
    return TrafficMap((*serving, *tagged))
