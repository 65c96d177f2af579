"""compare: is the candidate worse than the stable revision? Paired requests first, real ones where there are any.

What a failed request is stands in `responses`; the evidence is weighed by `significance`; this file says what is asked
and what the weighing means for a release.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import Field, model_validator

from deploy_lib.model.answers import Side, Watched
from deploy_lib.model.details import Counted, Figures, Reported, Whose
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Phase
from deploy_lib.model.service import Service
from deploy_lib.steps.again import Again
from deploy_lib.steps.compared import of_pairs, of_users, says_nothing, undecided, worse_by
from deploy_lib.steps.health import AsksService, Question, question
from deploy_lib.steps.kind import Duration, Kind, Usual, Verdict, format_duration
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.phases import LookSettings, Times, extension, onwards, unready
from deploy_lib.steps.position import OrderRule, Position
from deploy_lib.steps.significance import Opinion, quantile
from deploy_lib.steps.thresholds import Thresholds
from deploy_lib.steps.watched import lost

_SHOWN = (0.5, 0.9, 0.95, 0.99)


class CompareSettings(Thresholds, LookSettings):
    for_: Duration = Field(60.0, alias="for", gt=0, description="compare for this long")
    extend_by: Duration | None = Field(
        None,
        ge=0,
        description="go on for up to this much longer while too little is known; default: twice `for`, 30 s at least",
    )
    every: Duration = Field(0.25, ge=0.01, description="time between pairs, whether or not earlier ones were answered")
    at_once: int = Field(50, ge=1, le=500, description="pairs under way at most")
    min_samples: int = Field(30, ge=5, description="fewer requests than this pass nothing")
    metrics: bool = Field(
        True, description="also count real requests, by the request log or Cloud Monitoring, once there is traffic"
    )

    @model_validator(mode="after")
    def _enough(self) -> CompareSettings:
        most = int(self.for_ / self.every) + 1
        if most < self.min_samples:
            raise ValueError(
                f"for: {format_duration(self.for_)} with a pair every {format_duration(self.every)} makes {most} at "
                f"most, and min_samples: {self.min_samples} are needed to judge; compare longer or more often"
            )
        return self


@dataclass(frozen=True, slots=True)
class CompareDetails(Reported):
    """`reader` is what counted the requests of users; `looks` how often the evidence was weighed, in `seconds`."""

    stable: Figures = Figures()
    candidate: Figures = Figures()
    real_stable: Figures = Figures()
    real_candidate: Figures = Figures()
    seconds: float = 0.0
    looks: int = 1
    reader: str = ""

    def requests_counted(self) -> tuple[Counted, ...]:
        return (
            Counted("stable", Whose.PAIRED, self.stable),
            Counted("candidate", Whose.PAIRED, self.candidate),
            Counted("stable", Whose.USERS, self.real_stable),
            Counted("candidate", Whose.USERS, self.real_candidate),
        )


@dataclass(frozen=True, slots=True)
class Compare:
    """Paired requests to stable and candidate; with `users`, the platform's figures for real requests too."""

    release: Release
    settings: CompareSettings
    asked: Question
    users: bool
    phase: Phase = Phase.ASKING


def ask(settings: CompareSettings, release: Release) -> Compare:
    asked = question(settings, release.service.health, None)
    users = settings.metrics and release.percent > 0
    return Compare(release, settings, asked, users)


def judge(settings: CompareSettings, release: Release, answer: Watched) -> Verdict | Again:
    details = CompareDetails(
        stable=_figures(answer.own_stable, settings.quantile),
        candidate=_figures(answer.own, settings.quantile),
        real_stable=_figures(answer.beside, settings.quantile),
        real_candidate=_figures(answer.users, settings.quantile),
        seconds=answer.seconds,
        looks=answer.looks,
        reader=answer.reader,
    )
    failed = settings.why_failed(answer.revision_failed, answer.ends)
    if failed:
        return Verdict(Status.FAILED, f"the revision failed: {failed}", release, details=details)
    request = ask(settings, release)

    def at(phase: Phase) -> Compare:
        return replace(request, phase=phase)

    early = unready(answer, at)
    if early:
        return early
    worse = worse_by(answer, settings, settings.min_samples)
    nothing = says_nothing(answer.own_stable, answer.own, request.asked.path)
    if not worse:
        times = Times(settings.for_, extension(settings.for_, settings.extend_by), settings)
        unclear = "" if nothing else undecided(answer, settings, settings.min_samples)
        early = onwards(answer, at, times, unclear, read=not nothing)
        if early:
            return early
        worse = lost(answer, settings, release.percent)
    if worse:
        return Verdict(Status.FAILED, worse, release, details=details)
    if nothing:
        return Verdict(Status.INCONCLUSIVE, f"paired requests: {nothing}", release, details=details)
    return _without_harm(settings, release, answer, details)


def _without_harm(settings: CompareSettings, release: Release, answer: Watched, details: CompareDetails) -> Verdict:
    asked = of_pairs(answer, settings, settings.min_samples)
    real = of_users(answer, settings)
    if asked.opinion is Opinion.UNCLEAR:
        return Verdict(Status.INCONCLUSIVE, f"paired requests: {asked.reason}", release, details=details)
    if answer.blind:
        reason = (
            f"{asked.reason}, but real requests could not be seen: {answer.blind}; "
            "compare.metrics: false judges by paired requests alone"
        )
        return Verdict(Status.INCONCLUSIVE, reason, release, details=details)
    if real.opinion is Opinion.UNCLEAR:
        return Verdict(Status.INCONCLUSIVE, f"real requests: {real.reason}", release, details=details)
    reason = f"{asked.reason}, over {format_duration(answer.seconds)}"
    if answer.users.requests:
        reason += f"; {answer.users.errors} of {answer.users.requests} real requests failed"
        reason += ", which may be chance" if real.opinion is Opinion.CHANCE else ""
    elif answer.reader:
        reason += "; no real requests"
    return Verdict(Status.PASSED, reason, release, details=details)


def _figures(side: Side, wanted: float) -> Figures:
    """With the quantile that is compared beside the usual ones."""
    shown = sorted({*_SHOWN, wanted})
    quantiles = {f"p{each * 100:g}": quantile(side.latencies, each) for each in shown}
    return Figures(side.requests, side.errors, side.refused, quantiles)


def offers(settings: CompareSettings, service: Service) -> AsksService:
    return AsksService("compare")


def label(settings: CompareSettings) -> str:
    return format_duration(settings.for_)


def describe(request: Compare) -> str:
    return f"asks {request.asked.path} of both revisions in pairs for {format_duration(request.settings.for_)}"


REFERENCE = """\
# Is the candidate worse than the stable revision? Paired requests, and real ones where there are any.
- compare:
    for: 3m
    extend_by: 3m            # go on for up to this much longer while too little is known (default: twice
                             # for, 30s at least)
    path: /health            # also status, json, text and timeout; default: those of the service's health
    status: 200              # (default: whatever the stable revision answers)
    json: {status: ok}
    text: ok
    timeout: 10s
    every: 250ms             # between pairs, whether or not earlier ones were answered
    at_once: 50              # pairs under way at most
    max_error_rate: 0.01     # the candidate may fail this share of its requests
    max_error_increase: 0.01 # and this much more than the stable revision
    max_slowdown: 1.5        # the candidate's quantile over the stable's
    latency_tolerance: 50ms  # a difference this small never matters
    quantile: 0.95           # which latency quantile
    confidence: 0.95         # certainty that a rejection needs, corrected for looking often
    min_samples: 30          # fewer requests than this pass nothing
    min_failures: 5          # fewer failed requests reject nothing
    min_slow: 10             # fewer slow requests reject nothing
    crashes: 2               # so many ends of its container reject it; one may be an instance that was scaled away
    first_look: 500ms        # what was seen is judged after this time at the earliest
    look_every: 5s           # and then after a quarter of the time so far, this at most
    metrics: true            # also count real requests, by the request log or Cloud Monitoring, once there is traffic
    log_within: 20s          # our own requests must be in the request log by then,
    metrics_within: 5m       # else in Cloud Monitoring's figures; else the step is inconclusive
"""
KNOWN_BAD = (
    BadCase("a candidate that fails every request", Watched(10, own_stable=Side(50, 0), own=Side(50, 50))),
    BadCase("too few requests to tell", Watched(1, own_stable=Side(3, 0), own=Side(3, 1))),
    BadCase(
        "a candidate that is ten times as slow",
        Watched(10, own_stable=Side(100, 0, (0.05,) * 100), own=Side(100, 0, (0.5,) * 100)),
    ),
)

KIND = Kind(
    "compare",
    CompareSettings,
    ask,
    judge,
    Compare,
    Watched,
    CompareDetails,
    usual=(Usual(90, REFERENCE, {"for": "3m"}, {"for": "10s", "every": "100ms"}),),
    known_bad=KNOWN_BAD,
    position=Position(
        needs=OrderRule("canary", "there is no candidate to compare before the canary"),
        before_traffic=False,
        needs_stable="this is the service's first release; there is nothing to compare with",
    ),
    describe=describe,
    label=label,
    offers=offers,
)
