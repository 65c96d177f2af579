"""Why a release failed, as it was read from the evidence."""

from __future__ import annotations

import enum
from dataclasses import dataclass

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
class Quota:
    name: str
    requested: int
    allowed: int


@dataclass(frozen=True, slots=True)
class CauseFacts:
    """What the evidence shows besides the sentence: for the remedy, the report, and whoever reads the events as JSON.

    Empty where it shows nothing.
    """

    exit_code: int | None = None
    status: int | None = None  # of a response
    # of Python
    name: str | None = None  # that the module lacks
    variables: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None
    null_bytes: bool = False
    library: str | None = None
    # of the container
    command: str | None = None
    listens: int | None = None  # a port
    expected: int | None = None
    needed: float | None = None  # seconds to listen
    allowed: float | None = None  # seconds that the start-up probe allows
    limit: str | None = None  # of memory, as the platform writes it
    peak: str | None = None
    upstream: str | None = None  # host:port that did not answer
    # of the platform's refusals
    message: str | None = None
    account: str | None = None
    caller: str | None = None
    permission: str | None = None
    role: str | None = None
    secret: str | None = None
    version: str | None = None
    image: str | None = None
    quota: Quota | None = None
    # of a build
    build: str | None = None  # its id at Cloud Build
    requirement: str | None = None
    base: str | None = None  # the base image
    path: str | None = None  # that a COPY names


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


NOTHING_ELSE = CauseFacts()


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
