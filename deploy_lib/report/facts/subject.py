"""Which release the report is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.journal import Entry, LeaseHeld, Started
from deploy_lib.model.journal_queries import ending, first_start, latest_release
from deploy_lib.model.outcome import Outcome, Tone


@dataclass(frozen=True, slots=True)
class Subject:
    """`commit` and `image` are whole; `outcome` is None for a release that has not ended."""

    id: str
    service: str = ""
    cloud_run: str = ""
    project: str = ""
    region: str = ""
    commit: str = ""
    image: str | None = None
    candidate: str | None = None
    stable: str | None = None
    holder: str = ""
    outcome: Outcome | None = None
    first: bool = False
    started: datetime | None = None
    ended: datetime | None = None
    seconds: float | None = None  # from one to the other
    running: bool = False  # its client still works on it
    emergency: str = ""  # why it was released although a freeze or a hold was in force, and which

    @property
    def is_good(self) -> bool:
        return self.outcome is not None and self.outcome.is_good

    @property
    def tone(self) -> Tone:
        return self.outcome.words.tone if self.outcome else "unsure"

    def since_start(self, at: datetime) -> float | None:
        return (at - self.started).total_seconds() if self.started else None


def read(entries: Sequence[Entry], release_id: str = "", *, running: bool = False) -> Subject:
    """What is known of it; with no entries, its id alone."""
    release = latest_release(entries)
    if release is None:
        return Subject(release_id)
    stopped = ending(entries)
    begun = first_start(entries)
    started = begun.at if begun else release.started
    return Subject(
        id=release.id,
        service=release.service.label,
        cloud_run=release.service.cloud_run,
        project=release.service.project,
        region=release.service.region,
        commit=release.commit,
        image=release.image,
        candidate=release.candidate,
        stable=release.stable,
        holder=begun.holder if begun else "",
        outcome=stopped.outcome if stopped else None,
        first=release.first,
        started=started,
        ended=stopped.at if stopped else None,
        seconds=(stopped.at - started).total_seconds() if stopped else None,
        running=running and stopped is None,
        emergency=_emergency(release.options.emergency, entries),
    )


def _emergency(why: str, entries: Sequence[Entry]) -> str:
    if not why:
        return ""
    freeze = next((entry.freeze for entry in entries if isinstance(entry, Started) and entry.freeze), "")
    hold = next((entry.over_hold for entry in entries if isinstance(entry, LeaseHeld) and entry.over_hold), "")
    return "; ".join(filter(None, (why, freeze, f"on hold by {hold}" if hold else "")))
