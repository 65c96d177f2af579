"""How a step that compares requests goes on: look again while they are made, wait for what is under way, read, judge.

Looks come after a quarter of the time so far, between `first_look` and `look_every`: what is plainly sick shows at
once, and every look costs certainty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import Field

from deploy_lib.model.answers import Watched
from deploy_lib.model.requests import Phase, Readers
from deploy_lib.steps.again import Again
from deploy_lib.steps.health import CandidateSettings
from deploy_lib.steps.kind import Duration, format_duration

At = Callable[[Phase], object]
"""The step's request for a phase."""

_IDLE = 0.05  # seconds between two looks at what is under way
_TICK = 0.1  # seconds between two looks at what a reader has shown
_PART = 0.25
_EXTENDED = 30.0  # seconds at least, unless the YAML says else


class LookSettings(CandidateSettings):
    first_look: Duration = Field(0.5, gt=0, description="what was seen is judged after this time at the earliest")
    look_every: Duration = Field(5.0, gt=0, description="and then after a quarter of the time so far, this at most")
    log_within: Duration = Field(20.0, ge=0, description="our own requests must be in the request log by then")
    metrics_within: Duration = Field(300.0, ge=0, description="else in Cloud Monitoring's figures by then")

    @property
    def readers(self) -> Readers:
        """How long each reader of real requests is waited for."""
        return Readers(self.log_within, self.metrics_within)


def extension(wanted: float, extend_by: float | None) -> float:
    """Seconds that a step goes on for at most, after those that are `wanted`."""
    return max(2 * wanted, _EXTENDED) if extend_by is None else extend_by


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: it takes `wanted`, and up to `extend_by` more while it is undecided."""

    wanted: float
    extend_by: float
    settings: LookSettings

    def pause(self, seconds: float) -> float:
        """Seconds until the next look."""
        pause = min(max(self.settings.first_look, seconds * _PART), self.settings.look_every)
        return min(pause, self.wanted - seconds) if seconds < self.wanted else pause


def unready(answer: Watched, at: At) -> Again | None:
    """Nothing is weighed while answers are waited for: it would cost certainty."""
    if answer.phase is Phase.WAITING and answer.under_way:
        return Again(_IDLE, at(Phase.WAITING))
    if answer.phase is Phase.READING and not answer.all_read:
        return Again(_TICK, at(Phase.READING))
    return None


def onwards(answer: Watched, at: At, times: Times, undecided: str, *, read: bool = True) -> Again | None:
    """What is to be done before a verdict, nothing having been proven; None when it is time for one.

    `undecided` says what more requests could still decide; without `read` no reader's counts are waited for.
    """
    seconds = answer.seconds
    if answer.phase is Phase.OVER:
        return None
    if seconds < times.wanted:
        return Again(times.pause(seconds), at(Phase.ASKING))
    if undecided and seconds < times.wanted + times.extend_by:
        left = format_duration(times.wanted + times.extend_by - seconds)
        says = f"{undecided}; going on for {left} at most"
        return Again(times.pause(seconds), at(Phase.ASKING), says)
    if answer.under_way:
        return Again(_IDLE, at(Phase.WAITING))
    if read and not answer.all_read:
        says = "waiting for our own requests to show up in the request log or in Cloud Monitoring"
        return Again(_TICK, at(Phase.READING), says)
    return None
