"""What a journal tells of the service's lease: who has it, and whether it was given back."""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.model.journal import Adopted, Entry, LeaseHeld, LeaseRefused, Started, Stopped


def lease_held(journal: Sequence[Entry]) -> bool:
    """Since the last start: a resumed run must take the lease again."""
    for entry in reversed(journal):
        if isinstance(entry, LeaseHeld):
            return True
        if isinstance(entry, Started):
            return False
    return False


def last_lease(journal: Sequence[Entry]) -> LeaseHeld | None:
    """The lease that was taken last, whether it is held still or not."""
    return next((entry for entry in reversed(journal) if isinstance(entry, LeaseHeld)), None)


def last_refusal(journal: Sequence[Entry]) -> LeaseRefused | None:
    """Why the service could not be had, where that is the last that happened."""
    return journal[-1] if journal and isinstance(journal[-1], LeaseRefused) else None


def service_was_reached(journal: Sequence[Entry]) -> bool:
    """The release had the service, here or on another machine."""
    return any(isinstance(entry, LeaseHeld | Adopted) for entry in journal)


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
