"""How a release ends: one enum, and one table of the words and the exit code that go with it everywhere.

Whether an image is to blame is not an outcome: a release can be rejected for reasons outside its image, and then the
same image may be released again. The service's record keeps that in a separate field.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "bad", "unsure", "plain"]


@dataclass(frozen=True, slots=True)
class Words:
    """The words for an outcome. `junit` is the element for a run that has no failed step of its own; empty: none."""

    exit_code: int
    mark: str  # before the reason, on the screen
    headline: str  # of a report, after the service and the commit
    sentence: str  # of its summary, before the time it took
    notice: str  # in a message to a channel
    tone: Tone
    junit: Literal["", "failure", "error"] = ""


class Outcome(enum.StrEnum):
    """The exit code and all words follow from it."""

    LIVE = "live"  # the candidate was seen serving all traffic
    READY = "ready"  # the candidate is up with its tag, without users, as asked
    REJECTED = "rejected"  # a step said no; users are where they were
    HELD = "held"  # a person must decide
    UNKNOWN = "unknown"  # could not find out; nothing left half moved
    BUSY = "busy"  # the service is not free: somebody else deploys it, or it is held or frozen; nothing was done
    INTERRUPTED = "interrupted"  # stopped by a person, and restored

    @property
    def words(self) -> Words:
        """Its words for a person."""
        return _WORDS[self]

    @property
    def exit_code(self) -> int:
        """The exit code of the command that ends with it."""
        return self.words.exit_code

    @property
    def is_good(self) -> bool:
        """The release came to what was asked for."""
        return self in (Outcome.LIVE, Outcome.READY)

    @property
    def is_open(self) -> bool:
        """`resume` can go on with the release, so its record stays on the service."""
        return self in (Outcome.READY, Outcome.HELD, Outcome.UNKNOWN)

    @property
    def wants_a_cause(self) -> bool:
        """Something went wrong that a person will want explained."""
        return self in (Outcome.REJECTED, Outcome.HELD, Outcome.UNKNOWN)


_WORDS = {
    Outcome.LIVE: Words(0, "LIVE", "is live", "It went live", "live", "good"),
    Outcome.READY: Words(
        0,
        "READY",
        "is ready: it is up without users, as asked",
        "It was brought up without users, as asked,",
        "ready, without users, as asked",
        "good",
    ),
    Outcome.REJECTED: Words(1, "REJECTED", "was rejected", "It was rejected", "rejected", "bad", "failure"),
    Outcome.HELD: Words(
        3,
        "HELD",
        "is held: a person must decide",
        "It was held, for a person to decide,",
        "held, a person must decide",
        "unsure",
        "error",
    ),
    Outcome.UNKNOWN: Words(
        4,
        "COULD NOT FIND OUT",
        "was stopped: something could not be found out",
        "It was stopped, as something could not be found out,",
        "stopped: something could not be found out",
        "unsure",
        "error",
    ),
    Outcome.BUSY: Words(
        5,
        "BUSY",
        "was not started: the service is not free for it",
        "It was not started, as the service is not free for it,",
        "not started: the service is not free for it",
        "unsure",
        "error",
    ),
    Outcome.INTERRUPTED: Words(
        130, "INTERRUPTED", "was interrupted", "It was interrupted", "interrupted", "unsure", "error"
    ),
}

MOST_URGENT_FIRST = (
    Outcome.HELD,
    Outcome.INTERRUPTED,
    Outcome.UNKNOWN,
    Outcome.REJECTED,
    Outcome.BUSY,
    Outcome.READY,
    Outcome.LIVE,
)
"""Of several releases in one command, the first of these that occurs is the one a person must look at."""


def exit_code_of(outcomes: Collection[Outcome]) -> int:
    """That of the one that a person must look at; 0 of none."""
    return next((outcome.exit_code for outcome in MOST_URGENT_FIRST if outcome in outcomes), 0)
