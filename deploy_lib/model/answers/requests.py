"""What was seen of the requests to the candidate, those of users and ours, and of the traffic."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from deploy_lib.model.answers.revision import Attempt
from deploy_lib.model.requests import Phase
from deploy_lib.model.traffic import TrafficMap

REQUEST_LOG, MONITORING = "the request log", "Cloud Monitoring"
"""What counts the requests of users."""


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
