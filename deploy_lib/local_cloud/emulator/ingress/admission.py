"""Who passes the ingress: asked of each request before it reaches a revision. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """What a request that may not pass is answered. Of IAP alone: its sentence, and where its sign-in would be."""

    status: int
    iap: str = ""
    location: str = ""


class Admission(Protocol):
    """Names of headers are in lower case."""

    def refusal(self, headers: Mapping[str, str]) -> TurnedAway | None:
        """None for a request that may pass."""

    def replaced(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers that reach the container in place of those given."""
