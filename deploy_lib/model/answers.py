"""What came of a request. Drivers fill these in; the steps' `judge` functions read them. Times are seconds."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from deploy_lib.model.evidence import BuildTrouble, Evidence
from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Finding
from deploy_lib.model.image import BuiltImage, InsideImage, SourceSummary
from deploy_lib.model.requests import Phase
from deploy_lib.model.traffic import TrafficMap

REQUEST_LOG, MONITORING = "the request log", "Cloud Monitoring"
"""What counts the requests of users."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file whose disk state is not in the commit.

    `in_image` says that the build would put it into
    the image were it committed, `copied` that a COPY of any stage would take it; `imported` that the service's code
    imports it; `rule` the ignore rule. `among_code` says that committed code lies in its directory or above it,
    `build` that the build itself reads it (a Dockerfile, a requirements file), `secret` that it holds a key.
    `made_by` is the line of the Dockerfile that makes the file in the image, so that the one on the disk is not needed.
    """

    path: str
    kind: FileState
    in_context: bool = False
    in_image: bool = False
    imported: bool = False
    rule: str | None = None
    copied: bool = False
    among_code: bool = False
    build: bool = False
    secret: bool = False
    made_by: str | None = None


@dataclass(frozen=True, slots=True)
class CheckoutRead:
    """`context` and `ignore_file` are repository paths: the build context, and the file of its ignore rules."""

    commit: str
    head: str
    branch: str | None  # None when detached
    changes: tuple[Change, ...] = ()
    upstream: str | None = None
    ahead: int = 0
    behind: int = 0
    context: str = ""
    ignore_file: str = ".dockerignore"
    findings: tuple[Finding, ...] = ()  # of the configuration's include: patterns


@dataclass(frozen=True, slots=True)
class SourceRead:
    findings: tuple[Finding, ...] = ()
    entrypoint: str | None = None
    image_files: int = 0
    closure_modules: int = 0
    summary: SourceSummary = SourceSummary()


@dataclass(frozen=True, slots=True)
class ContractRead:
    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()  # what was looked at, one clause each
    unknown: tuple[str, ...] = ()  # what could not be found out


@dataclass(frozen=True, slots=True)
class ImportsChecked:
    """`ran` is False when no result could be had; `why_not` says why. `verdict` is the check's own word.

    `inside` is what it saw of the image; None where another answer has that.
    """

    ran: bool
    why_not: str = ""
    targets: int = 0
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    verdict: str = ""
    inside: InsideImage | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """`image` is None when nothing was pushed; `given`: it was named, and nothing was built.

    `checked` is the import check made inside the build. `refused` says why nothing was built: what would come of it
    cannot be started.
    """

    image: str | None
    build_id: str | None = None
    reused: bool = False
    trouble: BuildTrouble | None = None
    checked: ImportsChecked | None = None
    context_hash: str | None = None
    log_tail: tuple[str, ...] = ()
    log_url: str | None = None
    contents: BuiltImage = BuiltImage()
    given: bool = False
    refused: Finding | None = None


class Start(enum.StrEnum):
    """How far a new revision is."""

    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Starting:
    """A look at a revision that comes up, or does not.

    `alike` counts the failures that another try cannot mend; one counts only where the image alone decides.
    `hopeless`: the platform names a cause that no waiting changes. `explained`: the words that explain a failure are
    there, or will not come. `since` and `alike_since` are when the start, and the failures alike, came to be so.
    """

    state: Start
    alike: int = 0
    hopeless: bool = False
    explained: bool = False
    seconds: float = 0.0
    since: float = 0.0
    alike_since: float = 0.0

    def following(self, earlier: Starting | None, seconds: float) -> Starting:
        same = earlier is not None and earlier.state is self.state
        seen = earlier is not None and earlier.alike > 0 and self.alike > 0
        return replace(
            self,
            seconds=seconds,
            since=earlier.since if earlier is not None and same else seconds,
            alike_since=earlier.alike_since if earlier is not None and seen else seconds,
        )


@dataclass(frozen=True, slots=True)
class RevisionCreated:
    """`failed_early` says that the wait ended before the platform gave up."""

    revision: str
    ready: bool
    url: str | None = None  # of the tag
    main_url: str | None = None
    stable_url: str | None = None  # of the stable revision's own tag
    evidence: Evidence = Evidence()
    failed_early: bool = False
    timed_out: bool = False
    kept: tuple[str, ...] = ()  # fields set by hand that stay, in words
    changed: tuple[str, ...] = ()  # "memory: 512Mi -> 1Gi"
    previous_image: str | None = None  # of the stable revision

    def following(self, earlier: Starting | None, seconds: float) -> RevisionCreated:
        return self


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request. `status` is None when there was no response; `problem` is empty when it was good."""

    at: float  # since the first
    seconds: float
    status: int | None = None
    problem: str = ""
    revision: str | None = None
    excerpt: str = ""
    location: str | None = None  # where a redirect leads


@runtime_checkable
class Observation(Protocol):
    """What one look saw, of a step that looks until it has seen enough."""

    def following(self, earlier: Any, seconds: float) -> Any:
        """Both together; `earlier` are those before it, None at the first, `seconds` the time since the step began."""


@dataclass(frozen=True, slots=True)
class Probed:
    """`ends` are the words on each end of the candidate's container, as for every look at it."""

    url: str
    attempts: tuple[Attempt, ...] = ()
    revision_failed: str | None = None
    ends: tuple[str, ...] = ()

    def following(self, earlier: Probed | None, seconds: float) -> Probed:
        made = tuple(replace(each, at=max(0.0, seconds - each.seconds)) for each in self.attempts)
        return replace(self, attempts=(*(earlier.attempts if earlier else ()), *made))


@dataclass(frozen=True, slots=True)
class Side:
    """The requests to one revision. Of paired requests `waiting` are the ages of those not answered yet.

    `refused`: paired ones that were answered 401, 403, 404 or with a redirect to a login, which any front end may
    have answered; of real requests those answered 4xx. `redirected`: real requests answered 3xx, but 304. `statuses`
    counts those two by their status, as far as it is known. `why` counts the failures by what was wrong.
    """

    requests: int = 0
    errors: int = 0
    latencies: tuple[float, ...] = ()
    refused: int = 0
    why: tuple[tuple[str, int], ...] = ()
    waiting: tuple[float, ...] = ()
    redirected: int = 0
    statuses: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """A look at the requests to the candidate, those of users and ours.

    `users` are real requests to it, `beside` those to the stable revision meanwhile, and `earlier` those to that in as
    long a time before. `own` and `own_stable` are the pairs that we made, of which `under_way` have not been answered
    yet. `reader` is what counted real requests, the request log or Cloud Monitoring; "" when neither showed our own,
    and then `blind` says why. `sticky`: a user stays with a revision, so that shares of requests say nothing.
    `phase` is what went on before this look; `all_read`: the reader has shown all of our requests, or never will.
    """

    seconds: float = 0.0
    reader: str = ""
    blind: str = ""
    users: Side = Side()
    beside: Side = Side()
    earlier: Side = Side()
    own: Side = Side()
    own_stable: Side = Side()
    looks: int = 1
    under_way: int = 0
    sticky: bool = False
    phase: Phase = Phase.OVER
    all_read: bool = False
    revision_failed: str | None = None
    ends: tuple[str, ...] = ()

    def following(self, earlier: TrafficMoved | Watched | None, seconds: float) -> TrafficMoved | Watched:
        """With the move of traffic that it followed, where there was one."""
        if isinstance(earlier, TrafficMoved):
            return replace(earlier, watched=self, revision_failed=self.revision_failed, ends=self.ends)
        return self


@dataclass(frozen=True, slots=True)
class TrafficMoved:
    """`now` is what the service carries after the move; `conflict` says who changed what meanwhile."""

    now: TrafficMap
    conflict: str | None = None
    revision_failed: str | None = None
    at: datetime | None = None
    watched: Watched | None = None
    ends: tuple[str, ...] = ()

    def following(self, earlier: None, seconds: float) -> TrafficMoved:
        return self


@dataclass(frozen=True, slots=True)
class TrafficVerified:
    """`answered` counts good responses per revision, "" for those that name none; all others are `failures`.

    `now` and `reconciled` are of the last look, `seconds` after the step began.
    """

    now: TrafficMap
    reconciled: bool
    answered: dict[str, int] = field(default_factory=dict)
    failures: int = 0
    last: Attempt | None = None
    seconds: float = 0.0

    def following(self, earlier: TrafficVerified | None, seconds: float) -> TrafficVerified:
        if earlier is None:
            return replace(self, seconds=seconds)
        answered = Counter(earlier.answered) + Counter(self.answered)
        failures = earlier.failures + self.failures
        return replace(self, answered=dict(answered), failures=failures, seconds=seconds)


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
    clock_ahead: float = 0.0  # seconds that this machine's clock is before Google's, as far as the write tells
    holder_ended: bool = False  # its process ran on this machine and is gone
    unfinished: UnfinishedRelease | None = None
    rejected_digests: tuple[str, ...] = ()
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


@dataclass(frozen=True, slots=True)
class Restored:
    """`complete` is True when the map was read back as asked and the main URL answered from it."""

    complete: bool
    now: TrafficMap
    reason: str = ""
