"""probe: the candidate answers well at its URL, several times in a row, before any user meets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import Field, model_validator

from deploy_lib.model.answers import Attempt, Probed
from deploy_lib.model.counting import counted
from deploy_lib.model.details import Counted, Figures, Reported, Whose
from deploy_lib.model.release import Release, Status
from deploy_lib.model.service import Service
from deploy_lib.steps.again import Again
from deploy_lib.steps.health import AsksService, CandidateSettings, Question, Via, question
from deploy_lib.steps.kind import Duration, Kind, Usual, Verdict
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.position import OrderRule, Position
from deploy_lib.steps.responses import advice_on

WELL = (200,)
"""The status of a good answer, unless another one is configured."""


class ProbeSettings(CandidateSettings):
    via: Via = Field(
        "url",
        description="url: by asking it. none: nothing is asked; Cloud Run's own health check and the log are looked at "
        "so often as `attempts` says",
    )
    slower_than: Duration | None = Field(None, gt=0, description="a response slower than this is a failure")
    attempts: int = Field(10, ge=1, le=1000, description="requests at most")
    need: int = Field(3, ge=1, description="good responses in a row")
    every: Duration = Field(1.0, ge=0, description="pause between requests")

    @model_validator(mode="after")
    def _possible(self) -> ProbeSettings:
        if self.via == "url" and self.need > self.attempts:
            raise ValueError(f"need: {self.need} good responses cannot come from attempts: {self.attempts}")
        return self


@dataclass(frozen=True, slots=True)
class ProbeDetails(Reported):
    """`attempts` are without what the service answered, which may be anybody's data."""

    url: str = ""
    path: str = ""
    attempts: tuple[Attempt, ...] = ()

    def requests_made(self) -> tuple[Attempt, ...]:
        return self.attempts

    def requests_counted(self) -> tuple[Counted, ...]:
        failed = sum(bool(attempt.problem) for attempt in self.attempts)
        return (Counted("candidate", Whose.SINGLE, Figures(len(self.attempts), failed), self.attempts),)


def _without_its_words(attempt: Attempt) -> Attempt:
    return replace(attempt, excerpt="", location=None)


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the candidate's URL until enough answers in a row were good, or the attempts are used up."""

    release: Release
    settings: ProbeSettings
    asked: Question


def ask(settings: ProbeSettings, release: Release) -> Probe:
    asked = question(settings, release.service.health, WELL)
    expect = replace(asked.expect, slower_than=settings.slower_than)
    return Probe(release, settings, replace(asked, expect=expect))


def judge(settings: ProbeSettings, release: Release, answer: Probed) -> Verdict | Again:
    path = question(settings, release.service.health, WELL).path
    details = ProbeDetails(answer.url, path, tuple(map(_without_its_words, answer.attempts)))
    failed = settings.why_failed(answer.revision_failed, answer.ends)
    if failed:
        return Verdict(Status.FAILED, f"the revision failed: {failed}", release, details=details)
    if settings.via == "none":
        if answer.looks < settings.attempts:
            return Again(settings.every)
        reason = (
            f"it was not asked (via: none): it rests on Cloud Run's own health check, by which {release.candidate} is "
            f"ready, and on its log, which shows no crash, in {counted(answer.looks, 'look')}"
        )
        return Verdict(Status.PASSED, reason, release, details=details)
    if not answer.attempts:
        return Verdict(Status.ERRORED, f"{path} was never asked", release, details=details)
    if in_a_row(answer.attempts) >= settings.need:
        slowest = max(attempt.seconds for attempt in answer.attempts[-settings.need :])
        reason = (
            f"{counted(settings.need, 'good answer')} in a row from {path}, the slowest after {slowest * 1000:.0f} ms"
        )
        return Verdict(Status.PASSED, reason, release, details=details)
    left = settings.attempts - len(answer.attempts)
    if in_a_row(answer.attempts) + left >= settings.need:
        return Again(settings.every)
    good = sum(not attempt.problem for attempt in answer.attempts)
    last = next((attempt for attempt in reversed(answer.attempts) if attempt.problem), answer.attempts[-1])
    advice = advice_on(last.status, path)
    reason = (
        f"only {good} of {len(answer.attempts)} probes of {path} were good; "
        f"{settings.need} in a row {_are(settings.need)} needed; "
        f"last problem: {last.problem}{f' ({advice})' if advice else ''}"
    )
    return Verdict(Status.FAILED, reason, release, details=details)


def offers(settings: ProbeSettings, service: Service) -> AsksService | None:
    return AsksService("probe") if settings.via == "url" else None


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def in_a_row(attempts: Sequence[Attempt]) -> int:
    """Good attempts at the end of the list."""
    count = 0
    for attempt in reversed(attempts):
        if attempt.problem:
            break
        count += 1
    return count


def describe(request: Probe) -> str:
    if request.settings.via == "none":
        return f"asks nothing; looks {request.settings.attempts} times at what Cloud Run and the log say of it"
    return (
        f"asks {request.asked.path} up to {request.settings.attempts} times; "
        f"{counted(request.settings.need, 'good answer')} in a row {_are(request.settings.need)} needed"
    )


REFERENCE = """\
# Good answers at the tag's URL, in a row, before any user meets it.
- probe:
    path: /health            # path, status, json, text and timeout: default: those of the service's health
    status: 200
    json: {status: ok}
    text: ok
    slower_than: 2s          # a slower answer is a failure (default: only `timeout` counts)
    attempts: 10             # requests at most
    need: 3                  # good answers in a row
    every: 1s
    crashes: 2               # so many ends of its container reject it; one may be an instance that was scaled away
    timeout: 10s
    via: url                 # none: it is not asked, and Cloud Run's own health check and the log decide; for a service
                             # that cannot be reached from here
"""
KNOWN_BAD = (
    BadCase(
        "a candidate that does not answer",
        Probed("http://candidate.invalid", (Attempt(0.0, 0.01, problem="no connection"),) * 10),
    ),
    BadCase("a candidate that was never asked", Probed("http://candidate.invalid")),
)

KIND = Kind(
    "probe",
    ProbeSettings,
    ask,
    judge,
    Probe,
    Probed,
    ProbeDetails,
    usual=(Usual(70, REFERENCE, {"attempts": 10, "need": 3}),),
    known_bad=KNOWN_BAD,
    position=Position(needs=OrderRule("canary", "there is no candidate to ask before the canary")),
    describe=describe,
    offers=offers,
)
