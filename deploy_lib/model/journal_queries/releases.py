"""What a journal tells of its release as a whole: what is known of it, how it was started, asked to end, and ended."""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.model.journal import (
    Adopted,
    Asked,
    Entry,
    Judged,
    LeaseHeld,
    LeaseRefused,
    ReleaseInterrupted,
    RestoreAnswered,
    RestoreAsked,
    Started,
    Stopped,
    TakeBackAsked,
    Withdrawn,
)
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release

Deciding = (
    Stopped | LeaseRefused | Adopted | RestoreAnswered | RestoreAsked | ReleaseInterrupted | Withdrawn | Asked | Judged
)
"""Entries that decide what follows; taking a lease or starting again decides nothing by itself."""


def latest_release(journal: Sequence[Entry]) -> Release | None:
    """The release with all that is known by the end of the journal; starting again adds nothing to it."""
    for entry in reversed(journal):
        if isinstance(entry, Judged | LeaseHeld | Adopted) or (isinstance(entry, Started) and not entry.resumed):
            return entry.release
    return next((entry.release for entry in journal if isinstance(entry, Started)), None)


def last_deciding_entry(journal: Sequence[Entry]) -> Deciding | None:
    return next((entry for entry in reversed(journal) if isinstance(entry, Deciding)), None)


def first_start(journal: Sequence[Entry]) -> Started | None:
    return next((entry for entry in journal if isinstance(entry, Started)), None)


def is_resumed(journal: Sequence[Entry]) -> bool:
    """The release was started more than once."""
    return any(isinstance(entry, Started) and entry.resumed for entry in journal)


def started_since(journal: Sequence[Entry], stopped: Stopped) -> bool:
    """The release was started again after that ending."""
    return any(isinstance(entry, Started) for entry in journal[journal.index(stopped) :])


def asked_to_stop(journal: Sequence[Entry]) -> bool:
    """Somebody asked this very run to stop."""
    for entry in reversed(journal):
        if isinstance(entry, ReleaseInterrupted):
            return True
        if isinstance(entry, Started):
            return False
    return False


def is_being_given_up(journal: Sequence[Entry]) -> bool:
    """Since the last start something was recorded that can only end in giving the release up."""
    for entry in reversed(journal):
        if isinstance(entry, Withdrawn | ReleaseInterrupted | RestoreAsked | TakeBackAsked):
            return True
        if isinstance(entry, Started):
            return False
    return False


def stopped_unwritten(journal: Sequence[Entry]) -> bool:
    """It was told to stop because its journal could not be written."""
    return any(isinstance(entry, ReleaseInterrupted) and entry.errored for entry in journal)


def ending(journal: Sequence[Entry]) -> Stopped | None:
    """How it ended; None when it was started again since, or never ended.

    To be resumed while somebody else had the service changes nothing: the ending before that counts.
    """
    busy: Stopped | None = None
    for entry in reversed(journal):
        if isinstance(entry, Stopped):
            if entry.outcome is not Outcome.BUSY:
                return entry
            busy = entry
        elif isinstance(entry, Started):
            if busy is None or not entry.resumed:
                return busy
            busy = None
    return None


def went_live(journal: Sequence[Entry]) -> bool:
    """It ended so, whatever was changed since."""
    stopped = ending(journal)
    return stopped is not None and stopped.outcome is Outcome.LIVE


def is_ready(journal: Sequence[Entry]) -> bool:
    """The candidate is up, as asked, and what is left is to give it the users."""
    return bool(journal) and isinstance(journal[-1], Stopped) and journal[-1].outcome is Outcome.READY


def may_be_resumed(journal: Sequence[Entry]) -> bool:
    """A release that is live or rejected is over; one that was held, or that nobody ended, is not."""
    return bool(journal) and (not isinstance(journal[-1], Stopped) or journal[-1].outcome.is_open)


def adopted(journal: Sequence[Entry]) -> bool:
    """It was begun on another machine, and went on from what the service says."""
    return any(isinstance(entry, Adopted) for entry in journal)


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
