"""What a journal tells of its release: what is known of it, who holds the service, and where its traffic may be."""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.model.codes import Code
from deploy_lib.model.journal import (
    Adopted,
    Asked,
    Diagnosed,
    Entry,
    Judged,
    LeaseHeld,
    LeaseRefused,
    ReleaseInterrupted,
    RestoreAnswered,
    RestoreAsked,
    Started,
    Stopped,
    Withdrawn,
)
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from deploy_lib.model.traffic import TrafficMap


def latest_release(journal: Sequence[Entry]) -> Release | None:
    """The release with all that is known by the end of the journal; starting again adds nothing to it."""
    for entry in reversed(journal):
        if isinstance(entry, Judged | LeaseHeld | Adopted) or (isinstance(entry, Started) and not entry.resumed):
            return entry.release
    return next((entry.release for entry in journal if isinstance(entry, Started)), None)


def lease_held(journal: Sequence[Entry]) -> bool:
    """Since the last start: a resumed run must take the lease again."""
    for entry in reversed(journal):
        if isinstance(entry, LeaseHeld):
            return True
        if isinstance(entry, Started):
            return False
    return False


def asked_to_stop(journal: Sequence[Entry]) -> bool:
    """Somebody asked this very run to stop."""
    for entry in reversed(journal):
        if isinstance(entry, ReleaseInterrupted):
            return True
        if isinstance(entry, Started):
            return False
    return False


def lease_left_open(journal: Sequence[Entry]) -> bool:
    """An earlier client took the service and never gave it back: only who holds it can write the ending there."""
    started = False
    for entry in reversed(journal):
        if isinstance(entry, LeaseRefused | Stopped) or (isinstance(entry, LeaseHeld) and not started):
            return False
        if isinstance(entry, LeaseHeld | Adopted):
            return True
        started = started or isinstance(entry, Started)
    return False


def without_busy_attempts(journal: Sequence[Entry]) -> Sequence[Entry]:
    """The journal without earlier attempts that found the service busy: nothing was done, so they decide nothing."""
    last = max((index for index, entry in enumerate(journal) if isinstance(entry, Started)), default=0)
    return [
        entry
        for index, entry in enumerate(journal)
        if index > last
        or not (
            (isinstance(entry, LeaseRefused) and entry.busy)
            or (isinstance(entry, Stopped) and entry.outcome is Outcome.BUSY)
        )
    ]


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


MENDED_OUTSIDE = frozenset(
    {
        Code.SETTINGS_ERROR,
        Code.ENVIRONMENT_VARIABLE,
        Code.SECRET_MISSING,
        Code.SECRET_NO_VERSION,
        Code.SECRET_NO_ACCESS,
        Code.WRONG_PORT,
        Code.OUT_OF_MEMORY,
        Code.SLOW_START,
        Code.CPU_STARVED,
        Code.NEVER_LISTENS,
        Code.VPC_MISSING,
        Code.QUOTA,
        Code.REVISION_LIMIT,
        Code.PERMISSION_DENIED,
        Code.IMAGE_MISSING,
        Code.IMAGE_NO_PERMISSION,
        Code.FRONTEND_REFUSED,
        Code.HEALTH_NOT_FOUND,
        Code.HEALTH_REDIRECT,
        Code.HEALTH_BODY,
        Code.DATABASE_REFUSED,
        Code.UPSTREAM_REFUSED,
    }
)
"""Causes whose remedy is in the configuration or the project: the same image may do well afterwards."""


def image_is_to_blame(journal: Sequence[Entry]) -> bool:
    """Whether a step judged the image as bad; a client that died, a failed group or too little evidence did not, and
    neither did what the same image survives with other settings."""
    for entry in reversed(journal):
        if isinstance(entry, Diagnosed) and entry.cause.kind in MENDED_OUTSIDE:
            return False
        if isinstance(entry, Judged):
            return entry.status is Status.FAILED
        if isinstance(entry, Withdrawn | Adopted) or (isinstance(entry, Asked) and entry.moves_traffic):
            return False
    return False
