"""What was seen of the candidate's revision while no user meets it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from deploy_lib.model.evidence import Evidence


@runtime_checkable
class Observation(Protocol):
    """What one look saw, of a step that looks until it has seen enough."""

    def following(self, earlier: Any, seconds: float) -> Any:
        """Both together; `earlier` are those before it, None at the first, `seconds` the time since the step began."""


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
    there, or will not come. `unread`: a quota is used up, and the log will be read when that has passed. `since` and
    `alike_since` are when the start, and the failures alike, came to be so.
    """

    state: Start
    alike: int = 0
    hopeless: bool = False
    explained: bool = False
    unread: bool = False
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
    stable_url: str | None = None  # of the stable revision's tag
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


@dataclass(frozen=True, slots=True)
class Probed:
    """`ends` are the words on each end of the candidate's container, as for every look at it."""

    url: str
    attempts: tuple[Attempt, ...] = ()
    revision_failed: str | None = None
    ends: tuple[str, ...] = ()
    looks: int = 1

    def following(self, earlier: Probed | None, seconds: float) -> Probed:
        made = tuple(replace(each, at=max(0.0, seconds - each.seconds)) for each in self.attempts)
        if earlier is None:
            return replace(self, attempts=made)
        return replace(self, attempts=(*earlier.attempts, *made), looks=earlier.looks + self.looks)
