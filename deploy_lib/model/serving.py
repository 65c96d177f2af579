"""What users meet now, as the cloud itself reported it a moment ago: the words of every last line."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_lib.model.traffic import TrafficMap


@dataclass(frozen=True, slots=True)
class Serving:
    """`now` is what is served, `wanted` what the service was told to serve.

    The two differ while a change is `under_way`, and after one that Cloud Run could not carry out: then `problem`
    has its words. Nothing but `exists` is set for a service that does not exist.
    """

    exists: bool
    now: TrafficMap = TrafficMap()
    wanted: TrafficMap = TrafficMap()
    under_way: bool = False
    problem: str = ""
    words: str = ""  # of a job, which has no traffic

    @property
    def settled(self) -> bool:
        """What is wanted is served."""
        return self.exists and self.now.shares() == self.wanted.shares()

    def __str__(self) -> str:
        if self.words:
            return self.words
        if not self.exists:
            return "nothing; the service does not exist"
        if not self.now.shares() and not self.wanted.shares():
            return "nothing; the service has no revision that came up"
        if self.settled:
            return str(self.now)
        if self.under_way:
            return f"{self.now}, changing to {self.wanted}"
        why = f" ({self.problem})" if self.problem else ""
        return f"{self.now}; Cloud Run was told to serve {self.wanted} and does not{why}"
