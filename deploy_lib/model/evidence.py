"""What the cloud says of a revision or a build."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a Cloud Run resource. `reason` is the enum's name ("" when unset)."""

    type: str
    state: str  # CONDITION_SUCCEEDED, CONDITION_FAILED, CONDITION_PENDING, CONDITION_RECONCILING
    reason: str = ""
    message: str = ""
    severity: str = ""
    at: datetime | None = None

    @property
    def failed(self) -> bool:
        """Whether Cloud Run gave up on it."""
        return self.state == "CONDITION_FAILED"

    @property
    def succeeded(self) -> bool:
        """Whether it holds."""
        return self.state == "CONDITION_SUCCEEDED"


class LogSource(enum.StrEnum):
    """Who wrote a line. What a later version may add is STDOUT here: words of the application."""

    STDOUT = "stdout"
    STDERR = "stderr"
    SYSTEM = "system"  # the platform's messages
    REQUEST = "request"
    BUILD = "build"

    @classmethod
    def _missing_(cls, value: object) -> LogSource:
        return cls.STDOUT


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry of a log. `severity` is Cloud Logging's."""

    at: datetime | None
    text: str
    source: LogSource = LogSource.STDERR
    severity: str = "DEFAULT"
    revision: str = ""
    id: str = ""
    status: int | None = None  # of a request line


FIRST_LINES, LAST_LINES, LONGEST_LINE = 300, 700, 1000
"""What is kept of a log: how it began, how it ended, and of each line so many characters."""
PLATFORM_LINES, LINES_BEFORE, WORDS_KEPT = 700, 200, 3
"""Of its middle: so many of the platform's messages, and so many lines before each of the first few of those."""


def bounded(lines: Sequence[LogLine]) -> tuple[tuple[LogLine, ...], int]:
    """The most helpful part of a log, at most about a megabyte, and how many lines were left out of its middle.

    The platform's messages are kept wherever they stand, and what a container printed before it ended.
    """
    middle = range(FIRST_LINES, len(lines) - LAST_LINES)
    words = [number for number in middle if lines[number].source is LogSource.SYSTEM]
    kept = {number for number in range(len(lines)) if number not in middle} | set(words[-PLATFORM_LINES:])
    for number in words[:WORDS_KEPT]:
        kept.update(range(max(0, number - LINES_BEFORE), number))
    return tuple(_shortened(lines[number]) for number in sorted(kept)), len(lines) - len(kept)


def _shortened(line: LogLine) -> LogLine:
    if len(line.text) <= LONGEST_LINE:
        return line
    return replace(line, text=f"{line.text[:LONGEST_LINE]}... ({len(line.text) - LONGEST_LINE} more characters)")


class BuildEnd(enum.StrEnum):
    """How a build that did not pass ended: Build.Status of Cloud Build v1. What it may add is a FAILURE here."""

    FAILURE = "FAILURE"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    TIMEOUT = "TIMEOUT"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"

    @classmethod
    def _missing_(cls, value: object) -> BuildEnd:
        return cls.FAILURE


class BuildFailure(enum.StrEnum):
    """What failed: Build.FailureInfo.FailureType of Cloud Build v1. What it may add is UNTOLD here."""

    UNTOLD = ""
    PUSH_FAILED = "PUSH_FAILED"
    PUSH_IMAGE_NOT_FOUND = "PUSH_IMAGE_NOT_FOUND"
    PUSH_NOT_AUTHORIZED = "PUSH_NOT_AUTHORIZED"
    LOGGING_FAILURE = "LOGGING_FAILURE"
    USER_BUILD_STEP = "USER_BUILD_STEP"
    FETCH_SOURCE_FAILED = "FETCH_SOURCE_FAILED"

    @classmethod
    def _missing_(cls, value: object) -> BuildFailure:
        return cls.UNTOLD

    @property
    def in_words(self) -> str:
        """A whole clause; "" where the build's log says more than the type does."""
        return _IN_WORDS.get(self, "")


_IN_WORDS = {
    BuildFailure.PUSH_FAILED: "the image could not be pushed to the registry",
    BuildFailure.PUSH_IMAGE_NOT_FOUND: "the steps made no image of the name that is to be pushed",
    BuildFailure.PUSH_NOT_AUTHORIZED: "the account of the build may not push to the registry",
    BuildFailure.LOGGING_FAILURE: "Cloud Build could not write the build's log",
    BuildFailure.FETCH_SOURCE_FAILED: "Cloud Build could not fetch the source archive",
}


@dataclass(frozen=True, slots=True)
class BuildTrouble:
    """Why a build did not pass, as Cloud Build or an engine put it."""

    status: BuildEnd
    kind: BuildFailure = BuildFailure.UNTOLD
    detail: str = ""
    step: str = ""  # id of the step that failed
    exit_code: int | None = None
    build_id: str = ""  # of Cloud Build; "" for an engine


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a diagnosis may look at. `gaps` names what could not be learned, in whole clauses.

    `caller` is who was refused when a call of this tool was, `permission` what that call needs.
    """

    conditions: tuple[Condition, ...] = ()
    log: tuple[LogLine, ...] = ()
    operation_code: int | None = None
    operation_message: str = ""
    build: BuildTrouble | None = None
    service_account: str | None = None
    memory_limit: str | None = None
    port: int | None = None
    gaps: tuple[str, ...] = ()
    caller: str | None = None
    permission: str | None = None
    startup_limit: float | None = None  # seconds that the start-up probe allows in all
