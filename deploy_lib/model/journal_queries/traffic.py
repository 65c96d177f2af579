"""What a journal tells of the traffic: where it may be, what this release asked for, and what restoring puts back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy_lib.model.journal import (
    Adopted,
    Asked,
    Entry,
    Judged,
    LeaseHeld,
    ReleaseInterrupted,
    RestoreAnswered,
    RestoreAsked,
    Withdrawn,
)
from deploy_lib.model.journal_queries.releases import latest_release
from deploy_lib.model.traffic import TrafficMap


def traffic_may_have_moved(journal: Sequence[Entry]) -> bool:
    """True when the candidate may have traffic now: a move was asked for, answered or not, and not undone since."""
    moved = before = False
    for entry in journal:
        if (isinstance(entry, Asked) and entry.moves_traffic) or (isinstance(entry, Adopted) and entry.moved):
            before, moved = moved, True
        if isinstance(entry, Judged) and entry.untouched:
            moved = before
        if isinstance(entry, RestoreAnswered) and entry.whole:
            moved = False
    return moved


def restore_target(journal: Sequence[Entry]) -> TrafficMap | None:
    """The recorded map, with the candidate's tag kept so that it can be examined; None when nothing served before."""
    release = latest_release(journal)
    if release is None or release.before is None or release.first:
        return None
    if release.tag and release.candidate:
        return release.before.tagged(release.tag, release.candidate)
    return release.before


def own_traffic_maps(journal: Sequence[Entry]) -> tuple[TrafficMap, ...]:
    """Every traffic map this release may have left on the service."""
    release = latest_release(journal)
    maps = [entry.target for entry in journal if isinstance(entry, Asked | RestoreAsked) and entry.target]
    maps += [entry.traffic for entry in journal if isinstance(entry, Adopted) and entry.traffic]
    if release and release.before is not None:
        maps.append(release.before)
        if release.tag and release.candidate:
            maps.append(release.before.tagged(release.tag, release.candidate))
    return tuple(maps)


def traffic_moves_asked(journal: Sequence[Entry]) -> int:
    """How many times traffic was asked to go to the candidate, answered or not."""
    return sum(isinstance(entry, Asked) and entry.moves_traffic for entry in journal)


def was_given_traffic(journal: Sequence[Entry]) -> bool:
    """The candidate was ever to have traffic, by this machine or by the one that the release was taken over from."""
    return bool(traffic_moves_asked(journal)) or any(isinstance(entry, Adopted) and entry.moved for entry in journal)


def last_restore(journal: Sequence[Entry]) -> RestoreAnswered | None:
    return next((entry for entry in reversed(journal) if isinstance(entry, RestoreAnswered)), None)


def why_restored(journal: Sequence[Entry]) -> str:
    """The reason that was given with the last restore; empty when none was asked for."""
    return next((entry.why for entry in reversed(journal) if isinstance(entry, RestoreAsked)), "")


def reason_to_restore(journal: Sequence[Entry]) -> ReleaseInterrupted | Withdrawn | Judged | None:
    """The entry that made a restore necessary."""
    return next(
        (entry for entry in reversed(journal) if isinstance(entry, ReleaseInterrupted | Withdrawn | Judged)), None
    )


def is_answered(asked: Asked | RestoreAsked, after: Sequence[Entry]) -> bool:
    """Whether the answer to a request is among the entries `after` it."""
    if isinstance(asked, RestoreAsked):
        return any(isinstance(entry, RestoreAnswered) for entry in after)
    return any(isinstance(entry, Judged) and entry.step == asked.step for entry in after)


@dataclass(frozen=True, slots=True)
class Seen:
    """The traffic as it was read back."""

    shares: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A traffic map that was asked for, without an answer that tells whether it serves. `back`: by a restore."""

    target: TrafficMap | None
    back: bool = False


def last_known_traffic(journal: Sequence[Entry]) -> Seen | AskedFor | None:
    """The last that the journal knows of what serves; None when the release did not come near it."""
    untouched = False
    for entry in reversed(journal):
        match entry:
            case RestoreAnswered() if entry.now is not None:
                return Seen(entry.now.shares())
            case RestoreAsked():
                return AskedFor(entry.target, back=True)
            case Judged():
                untouched = entry.untouched
                seen = entry.details.traffic_seen() if entry.details else None
                if seen is not None:
                    return Seen(seen.shares)
            case Asked() if entry.moves_traffic and not untouched:
                return AskedFor(entry.target)
            case LeaseHeld() | Adopted() if entry.release.before is not None:
                return Seen(entry.release.before.shares())
    return None
