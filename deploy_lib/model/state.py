"""What a service is like now, as its annotations, traffic and revisions tell: for status, resume and rollback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.exposure import Changes
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.traffic import TrafficMap


@dataclass(frozen=True, slots=True)
class LeaseState:
    """Who may change the service. `release_id` is None for a hold that a person asked for.

    `until` is None for one that has expired, it is not known when.
    """

    holder: str
    since: datetime
    until: datetime | None
    expired: bool
    release_id: str | None = None
    why: str = ""
    holder_ended: bool = False  # its process ran on this machine and is gone


@dataclass(frozen=True, slots=True)
class PastRelease:
    """A release that ended, as the service remembers it: `before` is what it found, `traffic` what it left behind."""

    id: str
    commit: str
    digest: str | None  # sha256:...
    candidate: str | None
    outcome: Outcome
    at: datetime | None
    traffic: TrafficMap = TrafficMap()
    before: TrafficMap = TrafficMap()
    image_is_to_blame: bool = False  # a step judged the image itself as bad
    labels: Mapping[str, str] | None = None  # of the service; None where that was not written down
    emergency: str = ""  # why it was released although a freeze or a hold was in force
    approved: tuple[str, ...] = ()  # by whom, when and why
    context: str | None = None  # hash of what its image was built from; None where that was not written down
    exposure: Changes = field(default_factory=dict)  # what it changed of how the service is reached, and by whom


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
class MadeByHand:
    """The newest revision, where no release made it. `changed` says in words what it has other than the last one."""

    revision: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceState:
    """`history` and `revisions` are newest first; `tag_urls` maps a tag to where its revision alone answers.

    `unfinished` is the release whose traffic has to be repaired or to go on, `left` the one that has the service's
    record, also when its traffic was taken back already. `last_modifier` changed the service at `updated`.

    Nothing but `exists` is set for a service that does not exist.
    """

    exists: bool
    url: str | None = None
    traffic: TrafficMap = TrafficMap()
    lease: LeaseState | None = None
    unfinished: UnfinishedRelease | None = None
    history: tuple[PastRelease, ...] = ()
    revisions: tuple[RevisionState, ...] = ()
    last_modifier: str = ""
    reconciling: bool = False
    tag_urls: Mapping[str, str] = field(default_factory=dict)
    left: UnfinishedRelease | None = None
    updated: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    made_by_hand: MadeByHand | None = None

    def revision(self, name: str) -> RevisionState | None:
        """The revision of that name; None where it does not exist."""
        return next((each for each in self.revisions if each.name == name), None)


@dataclass(frozen=True, slots=True)
class RevisionPreview:
    """The revision a release would create: what it changes and keeps of the settings that serve now, in words."""

    revision: str
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
