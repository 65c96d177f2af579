"""compare: is the candidate worse than the stable revision? Paired requests first, real ones where there are any.

What a failed request is stands in `responses`; the evidence is weighed by `significance`; this file says what is asked
and what the weighing means for a release.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import Field, model_validator

from deploy_lib.model.answers import Compared, Side
from deploy_lib.model.details import Counted, Figures, Reported, Whose
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Phase, Readers, Thresholds
from deploy_lib.steps.again import Again
from deploy_lib.steps.health import Question, question
from deploy_lib.steps.kind import Duration, Kind, Usual, Verdict, spoken
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.phases import LookSettings, Times, onwards, unready
from deploy_lib.steps.place import Place, Rule
from deploy_lib.steps.real_requests import turned_away, unanswered
from deploy_lib.steps.significance import Opinion, Sight, quantile, weigh

EXTENDED = 30.0  # seconds at least, unless the YAML says else
_SHOWN = (0.5, 0.9, 0.95, 0.99)


class CompareSettings(LookSettings):
    for_: Duration = Field(60.0, alias="for", gt=0, description="compare for this long")
    extend_by: Duration | None = Field(
        None,
        ge=0,
        description="go on for up to this much longer while too little is known; default: twice `for`, 30 s at least",
    )
    every: Duration = Field(0.25, ge=0.01, description="time between pairs, whether or not earlier ones were answered")
    at_once: int = Field(50, ge=1, le=500, description="pairs under way at most")
    max_error_rate: float = Field(0.01, ge=0, le=1, description="the candidate may fail this part of its requests")
    max_error_increase: float = Field(0.01, ge=0, le=1, description="beyond what the stable revision fails")
    max_slowdown: float = Field(1.5, ge=1, description="the candidate's quantile over the stable's")
    latency_tolerance: Duration = Field(0.05, ge=0, description="a difference this small never matters")
    quantile: float = Field(0.95, gt=0, lt=1, description="which latency quantile is compared")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="certainty a rejection needs")
    min_samples: int = Field(30, ge=5, description="fewer requests than this pass nothing")
    min_failures: int = Field(5, ge=1, description="fewer failed requests than this reject nothing")
    min_slow: int = Field(10, ge=1, description="fewer slow requests than this reject nothing")
    metrics: bool = Field(
        True, description="also count real requests, by the request log or Cloud Monitoring, once there is traffic"
    )
    log_within: Duration = Field(20.0, ge=0, description="our own requests must be in the request log by then")
    metrics_within: Duration = Field(300.0, ge=0, description="else in Cloud Monitoring's figures by then")

    @property
    def longest(self) -> float:
        """Seconds it may take in all."""
        return self.for_ + (max(2 * self.for_, EXTENDED) if self.extend_by is None else self.extend_by)

    @property
    def readers(self) -> Readers:
        return Readers(self.log_within, self.metrics_within)

    @model_validator(mode="after")
    def _enough(self) -> CompareSettings:
        most = int(self.for_ / self.every) + 1
        if most < self.min_samples:
            raise ValueError(
                f"for: {spoken(self.for_)} with a pair every {spoken(self.every)} makes {most} at most, and "
                f"min_samples: {self.min_samples} are needed to judge; compare longer or more often"
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
    """Paired requests to stable and candidate; with `users`, the platform's own figures for real requests too."""

    release: Release
    settings: CompareSettings
    asked: Question
    thresholds: Thresholds
    users: bool
    phase: Phase = Phase.ASKING


def ask(settings: CompareSettings, release: Release) -> Compare:
    asked = question(settings, release.service.health, None)
    users = settings.metrics and release.percent > 0
    return Compare(release, settings, asked, _thresholds(settings), users)


def _thresholds(settings: CompareSettings) -> Thresholds:
    return Thresholds(
        max_error_rate=settings.max_error_rate,
        max_error_increase=settings.max_error_increase,
        max_slowdown=settings.max_slowdown,
        latency_tolerance=settings.latency_tolerance,
        quantile=settings.quantile,
        confidence=settings.confidence,
        min_samples=settings.min_samples,
        min_failures=settings.min_failures,
        min_slow=settings.min_slow,
    )


def judge(settings: CompareSettings, release: Release, answer: Compared) -> Verdict | Again:
    thresholds = _thresholds(settings)
    details = CompareDetails(
        stable=_figures(answer.stable, settings.quantile),
        candidate=_figures(answer.candidate, settings.quantile),
        real_stable=_figures(answer.real_stable, settings.quantile),
        real_candidate=_figures(answer.real_candidate, settings.quantile),
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
    worse = worse_by(answer, thresholds)
    nothing = says_nothing(answer.stable, answer.candidate, request.asked.path)
    if not worse:
        times = Times(settings.for_, settings.longest - settings.for_, settings)
        unclear = "" if nothing else undecided(answer, thresholds)
        early = onwards(answer, at, times, unclear, read=not nothing)
        if early:
            return early
        worse = lost(answer, thresholds, release.percent)
    if worse:
        return Verdict(Status.FAILED, worse, release, details=details)
    if nothing:
        return Verdict(Status.INCONCLUSIVE, f"paired requests: {nothing}", release, details=details)
    asked = weigh(answer.stable, answer.candidate, thresholds, answer.looks)
    real = _of_users(answer, thresholds)
    return _without_harm(asked, real, answer, release, details)


def worse_by(answer: Compared, thresholds: Thresholds) -> str:
    """Why the candidate is worse, as far as it is known now; empty while nothing shows it."""
    for stable, candidate, whose in (
        (answer.real_stable, answer.real_candidate, "real requests"),
        (answer.stable, answer.candidate, "paired requests"),
    ):
        if not candidate.waiting and all_refused(stable, candidate):
            continue  # how long the front end took for that says nothing of the revisions
        sight = weigh(stable, candidate, thresholds, answer.looks)
        if sight.opinion is Opinion.WORSE:
            return f"{whose}: {sight.reason}"
    refused = turned_away(answer.real_candidate, answer.real_stable, thresholds, answer.looks)
    return f"real requests: {refused}" if refused else ""


def lost(answer: Compared, thresholds: Thresholds, percent: int) -> str:
    """Why users must still wait for their answers; empty while nothing shows it."""
    if answer.sticky or not answer.reader:
        return ""
    why = unanswered(answer.real_candidate, answer.real_stable, percent, thresholds, answer.looks)
    return f"real requests: {why}" if why else ""


def all_refused(stable: Side, candidate: Side) -> bool:
    """Whether all answers of both can be those of the front end, which stands before any revision."""
    asked = bool(stable.requests and candidate.requests)
    return asked and candidate.refused == candidate.requests and stable.refused == stable.requests


def says_nothing(stable: Side, candidate: Side, path: str) -> str:
    """Why paired requests are no evidence, however many; empty when they are some."""
    if not candidate.requests or not stable.requests:
        return ""
    if all_refused(stable, candidate):
        return (
            f"the front end answered, not the service: 401, 403, 404 or a redirect to a login to all "
            f"{candidate.requests} pairs of requests for {path}; name a path that the service answers, "
            f"services.NAME.health: {{path: /...}}, or let the caller invoke the service (roles/run.invoker)"
        )
    if candidate.errors + candidate.refused >= candidate.requests and stable.errors + stable.refused >= stable.requests:
        return f"neither revision gave a good answer to any of {candidate.requests} pairs of requests for {path}"
    return ""


def undecided(answer: Compared, thresholds: Thresholds) -> str:
    """What more requests could still decide; empty when nothing is left to be."""
    asked = weigh(answer.stable, answer.candidate, thresholds, answer.looks)
    for whose, sight in (("paired", asked), ("real", _of_users(answer, thresholds))):
        if sight.opinion in (Opinion.UNCLEAR, Opinion.CHANCE):
            return f"{whose} requests: {sight.reason}"
    return ""


def _of_users(answer: Compared, thresholds: Thresholds) -> Sight:
    """Few requests of users say what they say: nobody need ask at all."""
    few = replace(thresholds, min_samples=0)
    return weigh(answer.real_stable, answer.real_candidate, few, answer.looks)


def _without_harm(asked: Sight, real: Sight, answer: Compared, release: Release, details: CompareDetails) -> Verdict:
    if asked.opinion is Opinion.UNCLEAR:
        return Verdict(Status.INCONCLUSIVE, f"paired requests: {asked.reason}", release, details=details)
    if answer.metrics_gap:
        reason = (
            f"{asked.reason}, but real requests could not be seen: {answer.metrics_gap}; "
            "compare.metrics: false judges by paired requests alone"
        )
        return Verdict(Status.INCONCLUSIVE, reason, release, details=details)
    if real.opinion is Opinion.UNCLEAR:
        return Verdict(Status.INCONCLUSIVE, f"real requests: {real.reason}", release, details=details)
    reason = f"{asked.reason}, over {spoken(answer.seconds)}"
    if answer.real_candidate.requests:
        reason += f"; {answer.real_candidate.errors} of {answer.real_candidate.requests} real requests failed"
        reason += ", which may be chance" if real.opinion is Opinion.CHANCE else ""
    elif answer.reader:
        reason += "; no real requests"
    return Verdict(Status.PASSED, reason, release, details=details)


def _figures(side: Side, wanted: float) -> Figures:
    """With the quantile that is compared beside the usual ones."""
    shown = sorted({*_SHOWN, wanted})
    quantiles = {f"p{each * 100:g}": quantile(side.latencies, each) for each in shown}
    return Figures(side.requests, side.errors, side.refused, quantiles)


def label(settings: CompareSettings) -> str:
    return spoken(settings.for_)


def describe(request: Compare) -> str:
    return f"asks {request.asked.path} of both revisions in pairs for {spoken(request.settings.for_)}"


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
    max_error_rate: 0.01     # the candidate may fail this part of its requests
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
    BadCase("a candidate that fails every request", Compared(Side(50, 0), Side(50, 50), seconds=10)),
    BadCase("too few requests to tell", Compared(Side(3, 0), Side(3, 1), seconds=1)),
    BadCase(
        "a candidate that is ten times as slow",
        Compared(Side(100, 0, (0.05,) * 100), Side(100, 0, (0.5,) * 100), seconds=10),
    ),
)

KIND = Kind(
    "compare",
    CompareSettings,
    ask,
    judge,
    Compare,
    Compared,
    CompareDetails,
    usual=(Usual(90, REFERENCE, {"for": "3m", "path": "/health"}),),
    known_bad=KNOWN_BAD,
    place=Place(
        needs=Rule("canary", "there is no candidate to compare before the canary"),
        before_traffic=False,
        needs_stable="this is the service's first release; there is nothing to compare with",
    ),
    describe=describe,
    label=label,
)
