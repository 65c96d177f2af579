"""What a service is like now, as its own annotations, traffic and revisions tell: for status, resume and rollback."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.answers import LeftBehind
from deploy_lib.model.traffic import TrafficMap


@dataclass(frozen=True, slots=True)
class LeaseState:
    """Who may change the service. `release_id` is None for a hold that a person asked for."""

    holder: str
    since: datetime
    until: datetime
    expired: bool
    release_id: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class PastRelease:
    """A release that ended, as the service remembers it. `traffic` is what it left behind."""

    id: str
    commit: str
    digest: str | None  # sha256:...
    candidate: str | None
    outcome: str  # a value of journal.Outcome, or "restored", "abandoned"
    at: datetime | None
    traffic: TrafficMap = TrafficMap()


@dataclass(frozen=True, slots=True)
class RevisionState:
    """`reason` says why it is not ready; `image` is as the revision names it."""

    name: str
    image: str
    ready: bool
    created: datetime | None
    percent: int = 0
    tags: tuple[str, ...] = ()
    commit: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """`history` and `revisions` are newest first. Nothing but `exists` is set for a service that does not exist."""

    exists: bool
    url: str | None = None
    traffic: TrafficMap = TrafficMap()
    lease: LeaseState | None = None
    unfinished: LeftBehind | None = None
    history: tuple[PastRelease, ...] = ()
    revisions: tuple[RevisionState, ...] = ()
    last_modifier: str = ""
    reconciling: bool = False

    def revision(self, name: str) -> RevisionState | None:
        return next((each for each in self.revisions if each.name == name), None)
