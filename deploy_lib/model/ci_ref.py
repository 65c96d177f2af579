"""What a CI system says that it runs for."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class RefKind(enum.StrEnum):
    BRANCH = "branch"
    TAG = "tag"
    PULL_REQUEST = "pull request"


@dataclass(frozen=True, slots=True)
class CiRef:
    """`variable` says it; `commit` is the one that it says it of, empty where the system does not tell."""

    system: str
    kind: RefKind
    name: str  # of the branch or the tag, or the number of the pull request; empty where that is not told
    variable: str
    commit: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind.value, self.name)))
