"""What came of a lease, of an effect that could not be made, and of a restore."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.approval import ApprovalAsked
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.traffic import TrafficMap


@dataclass(frozen=True, slots=True)
class CallFailed:
    """The effect could not be made or its result not be learned."""

    reason: str
    remedy: str = ""
    conflict: bool = False  # someone else changed the service
    evidence: Evidence | None = None  # of a refusal, for a diagnosis
    no_effect: bool = False  # surely nothing was changed
    busy: bool = False  # somebody else deploys this service, and nothing was done


@dataclass(frozen=True, slots=True)
class LeaseTaken:
    """`before` is what restoring puts back; `progress` is what an earlier holder of this release left."""

    taken: bool
    before: TrafficMap = TrafficMap()
    now: TrafficMap = TrafficMap()
    url: str | None = None
    holder: str = ""
    since: datetime | None = None
    until: datetime | None = None
    on_hold: bool = False  # a person blocks deployments of the service
    frozen: str = ""  # the freeze that is in force, as a clause
    clock_ahead: float = 0.0  # seconds that this machine's clock is before Google's
    unguarded: str = ""  # why the lease is in the service's annotations alone
    holder_ended: bool = False  # its process ran on this machine and is gone
    unfinished: UnfinishedRelease | None = None
    rejected_digests: tuple[str, ...] = ()
    over_hold: str = ""  # whose hold it was taken over
    by_hand: str = ""  # what was changed by hand since the last release, as a sentence
    absent: bool = False  # there is no such service yet, and so nothing that a lease could be on
    last_rollback: str = ""  # id of the newest rollback that the service remembers


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """What became of the tag of a candidate that was not wanted: it still answers at `url`, or lost the tag.

    `candidate` is empty where there was no such tag.
    """

    candidate: str = ""
    tag: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class UnfinishedRelease:
    """A release that a client did not finish, as its service's annotations tell."""

    release_id: str
    commit: str
    image: str | None
    candidate: str | None
    tag: str | None
    before: TrafficMap
    asked: int  # number of traffic moves asked for
    passed: int  # number of traffic moves known to have passed
    percent: int
    started: datetime | None = None
    traffic: bool = True  # False: it was asked to bring up its candidate only
    restored: bool = False  # its traffic was taken back already
    emergency: str = ""  # why it was released although a freeze or a hold was in force
    approvals: tuple[ApprovalAsked, ...] = ()  # that it asked for, in order

    def last_map(self) -> TrafficMap | None:
        """What the service carries after the last traffic move that was asked for; None when none was."""
        if not (self.asked and self.candidate and self.tag):
            return None
        return self.before.tagged(self.tag, self.candidate).moved(self.candidate, self.percent)

    def own_traffic_maps(self) -> tuple[TrafficMap, ...]:
        """Every traffic map that it may have left on the service."""
        tagged = self.before.tagged(self.tag, self.candidate) if self.tag and self.candidate else None
        return tuple(each for each in (self.last_map(), tagged, self.before) if each is not None)


@dataclass(frozen=True, slots=True)
class Restored:
    """`complete` is True when the map was read back as asked and the main URL answered from it."""

    complete: bool
    now: TrafficMap
    reason: str = ""
