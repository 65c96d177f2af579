"""The approval of a release by a person: what was asked, and who said yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """Who said yes, when, and why."""

    by: str
    at: datetime
    why: str = ""

    def __str__(self) -> str:
        return f"{self.by} at {self.at:%Y-%m-%d %H:%M} UTC{f': {self.why}' if self.why else ''}"


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A question that stands on the service: `name` tells it from others of the same release."""

    name: str
    since: datetime
    until: datetime
    approval: Approval | None = None
