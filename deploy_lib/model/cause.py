"""Why a release failed, as it was read from the evidence."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from deploy_lib.model.cause_facts import NOTHING_ELSE, CauseFacts
from deploy_lib.model.codes import Code


class Presence(enum.StrEnum):
    """Whether a file is at some place. What a later version may add is UNKNOWN here."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> Presence:
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the file is and is not that the image lacks. `why` is a whole clause, `rule` the ignore rule that acts."""

    on_disk: Presence = Presence.UNKNOWN
    in_commit: Presence = Presence.UNKNOWN
    in_context: Presence = Presence.UNKNOWN
    in_image: Presence = Presence.UNKNOWN
    why: str = ""
    rule: str | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of an import chain: `module` is imported, or fails, at file:line."""

    module: str
    file: str
    line: int
    code: str = ""  # the source line, when known


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often the same failure was seen. Seconds throughout."""

    count: int
    span: float = 0.0
    interval: float | None = None
    lived: float | None = None  # typical time from start to end of one attempt

    def __str__(self) -> str:
        text = f"{self.count} identical failures" if self.count > 1 else "1 failure"
        if self.count > 1 and self.span:
            text += f" in {_whole(self.span)} s"
        if self.interval:
            text += f", every {_whole(self.interval)} s"
        if self.lived is not None:
            text += f", each after {self.lived:.1f} s"
        return text


def _whole(seconds: float) -> str:
    """Without decimals, unless little would be left."""
    return f"{seconds:.0f}" if seconds >= 2 else f"{seconds:.1f}"


class Confidence(enum.StrEnum):
    """How sure the cause is. What a later version may add is a GUESS here."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"

    @classmethod
    def _missing_(cls, value: object) -> Confidence:
        return cls.GUESS


@dataclass(frozen=True, slots=True)
class Cause:
    """What is not known stays UNKNOWN."""

    kind: Code
    sentence: str
    confidence: Confidence = Confidence.CERTAIN
    evidence: tuple[str, ...] = ()  # telling lines, each with its time
    chain: tuple[Link, ...] = ()
    module: str | None = None
    frequency: Frequency | None = None
    commands: tuple[str, ...] = ()  # what to type next, in order
    deterministic: bool = False  # trying again cannot help
    facts: CauseFacts = NOTHING_ELSE
    whereabouts: Whereabouts | None = None
