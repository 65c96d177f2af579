"""Who may change a service, and how far the release under way has come: what its annotations hold of both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from deploy_lib.drivers.processes import has_ended, person
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.approval import ApprovalAsked
from deploy_lib.model.exposure import Changes
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.state import LeaseState, PastRelease
from deploy_lib.model.traffic import TrafficMap


@dataclass(frozen=True, slots=True)
class Lease:
    """`token` tells two holders of the same name apart. `release_id` is None for a hold."""

    holder: str
    token: str
    since: datetime
    until: datetime
    release_id: str | None = None
    why: str = ""

    def is_hold_of(self, holder: str) -> bool:
        """Whether it is a hold of that person, from whatever process."""
        return self.release_id is None and person(self.holder) == person(holder)

    def state(self, now: datetime) -> LeaseState:
        """The lease for a person to read; `now` decides whether it has expired."""
        expired, ended = self.until <= now, self.release_id is not None and has_ended(self.holder)
        return LeaseState(self.holder, self.since, self.until, expired, self.release_id, self.why, ended)


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """The release under way. `write` names the last traffic move, so that one whose answer was lost is recognised.

    `own_tag` is the stable revision's tag where this release gave it one; `restored` says that its traffic was taken
    back, so there is nothing left to repair.
    """

    id: str
    commit: str
    started: datetime
    before: TrafficMap
    image: str | None = None
    candidate: str | None = None
    tag: str | None = None
    own_tag: str | None = None
    asked: int = 0
    passed: int = 0
    percent: int = 0
    write: str = ""
    restored: bool = False
    traffic: bool = True  # False: the release was asked to bring up its candidate only
    emergency: str = ""  # why it was released although a freeze or a hold was in force
    approvals: tuple[ApprovalAsked, ...] = ()  # that it asked for, in order
    exposure: Changes = field(default_factory=dict)  # of the service as a whole

    @classmethod
    def begun(cls, release: Release, before: TrafficMap, **known: Any) -> ReleaseRecord:
        """What is known of a release as it begins, and what more the caller knows of it."""
        options = release.options
        begun = cls(release.id, release.commit, release.started, before, traffic=options.traffic, **known)
        return replace(begun, emergency=options.emergency)

    def unfinished(self) -> UnfinishedRelease:
        """The release for another client to take up."""
        return UnfinishedRelease(
            self.id,
            self.commit,
            self.image,
            self.candidate,
            self.tag,
            self.before,
            self.asked,
            self.passed,
            self.percent,
            self.started,
            self.traffic,
            restored=self.restored,
            emergency=self.emergency,
            approvals=self.approvals,
        )

    def past(self, outcome: Outcome, at: datetime, traffic: TrafficMap, to_blame: bool = False) -> PastRelease:
        """The release as a line of the history, ended with that outcome."""
        digest = digest_of(self.image)
        approved = tuple(str(each.approval) for each in self.approvals if each.approval is not None)
        past = PastRelease(self.id, self.commit, digest, self.candidate, outcome, at, traffic, self.before, to_blame)
        return replace(past, emergency=self.emergency, approved=approved, exposure=self.exposure)
