"""compare: is the candidate worse than the stable revision? Paired requests first, real ones where there are any.

What a failed request is stands in `responses`; the evidence is weighed by `significance`; this file says what is asked
and what the weighing means for a release.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from deploy_lib.model.answers import Compared, Side
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Compare, Readers, Thresholds
from deploy_lib.steps.health import AskSettings, question
from deploy_lib.steps.kind import Duration, Kind, Verdict, spoken
from deploy_lib.steps.real_requests import turned_away
from deploy_lib.steps.significance import Opinion, Sight, quantile, weigh

EXTENDED = 30.0  # seconds at least, unless the YAML says else
_SHOWN = (0.5, 0.9, 0.95, 0.99)


class CompareSettings(AskSettings):
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

    @model_validator(mode="after")
    def _enough(self) -> CompareSettings:
        most = int(self.for_ / self.every) + 1
        if most < self.min_samples:
            raise ValueError(
                f"for: {spoken(self.for_)} with a pair every {spoken(self.every)} makes {most} at most, and "
                f"min_samples: {self.min_samples} are needed to judge; compare longer or more often"
            )
        return self


def ask(settings: CompareSettings, release: Release) -> Compare:
    asked = question(settings, release.service.health, None)
    return Compare(
        release,
        duration=settings.for_,
        path=asked.path,
        expect=asked.expect,
        every=settings.every,
        timeout=asked.timeout,
        thresholds=_thresholds(settings),
        extend_by=max(2 * settings.for_, EXTENDED) if settings.extend_by is None else settings.extend_by,
        at_once=settings.at_once,
        metrics=settings.metrics and release.percent > 0,
        readers=Readers(settings.log_within, settings.metrics_within),
    )


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


def judge(settings: CompareSettings, release: Release, answer: Compared) -> Verdict:
    thresholds = _thresholds(settings)
    facts: dict[str, object] = {
        "stable": _figures(answer.stable, settings.quantile),
        "candidate": _figures(answer.candidate, settings.quantile),
        "real_stable": _figures(answer.real_stable, settings.quantile),
        "real_candidate": _figures(answer.real_candidate, settings.quantile),
        "seconds": answer.seconds,
        "looks": answer.looks,
        "reader": answer.reader,
    }
    if answer.revision_failed:
        return Verdict(Status.FAILED, f"the revision failed: {answer.revision_failed}", release, facts=facts)
    worse = worse_by(answer, thresholds)
    if worse:
        return Verdict(Status.FAILED, worse, release, facts=facts)
    path = question(settings, release.service.health, None).path
    nothing = says_nothing(answer.stable, answer.candidate, path)
    if nothing:
        return Verdict(Status.INCONCLUSIVE, f"paired requests: {nothing}", release, facts=facts)
    asked = weigh(answer.stable, answer.candidate, thresholds, answer.looks)
    real = weigh(answer.real_stable, answer.real_candidate, thresholds, answer.looks)
    return _without_harm(asked, real, answer, release, facts)


def worse_by(answer: Compared, thresholds: Thresholds) -> str:
    """Why the candidate is worse, as far as it is known now; empty while nothing shows it."""
    for stable, candidate, whose in (
        (answer.real_stable, answer.real_candidate, "real requests"),
        (answer.stable, answer.candidate, "paired requests"),
    ):
        sight = weigh(stable, candidate, thresholds, answer.looks)
        if sight.opinion is Opinion.WORSE:
            return f"{whose}: {sight.reason}"
    refused = turned_away(answer.real_candidate, answer.real_stable, thresholds, answer.looks)
    return f"real requests: {refused}" if refused else ""


def says_nothing(stable: Side, candidate: Side, path: str) -> str:
    """Why paired requests are no evidence, however many; empty when they are some."""
    if not candidate.requests or not stable.requests:
        return ""
    alike = candidate.refused == candidate.requests and stable.refused == stable.requests
    if alike:
        return (
            f"the front end answered, not the service: 401, 403, 404 or a redirect to a login to all "
            f"{candidate.requests} pairs of requests for {path}; name a path that the service answers, "
            f"services.NAME.health: {{path: /...}}, or let the caller invoke the service (roles/run.invoker)"
        )
    if candidate.errors + candidate.refused >= candidate.requests and stable.errors + stable.refused >= stable.requests:
        return f"neither revision gave a good answer to any of {candidate.requests} pairs of requests for {path}"
    return ""


def is_undecided(answer: Compared, thresholds: Thresholds) -> bool:
    """Whether more pairs could still decide."""
    return weigh(answer.stable, answer.candidate, thresholds, answer.looks).opinion is Opinion.UNCLEAR


def _without_harm(asked: Sight, real: Sight, answer: Compared, release: Release, facts: dict[str, object]) -> Verdict:
    if asked.opinion is Opinion.UNCLEAR:
        return Verdict(Status.INCONCLUSIVE, f"paired requests: {asked.reason}", release, facts=facts)
    if answer.metrics_gap:
        reason = (
            f"{asked.reason}, but real requests could not be seen: {answer.metrics_gap}; "
            "compare.metrics: false judges by paired requests alone"
        )
        return Verdict(Status.INCONCLUSIVE, reason, release, facts=facts)
    if real.opinion is Opinion.UNCLEAR and answer.real_candidate.errors:
        return Verdict(Status.INCONCLUSIVE, f"real requests: {real.reason}", release, facts=facts)
    reason = f"{asked.reason}, over {spoken(answer.seconds)}"
    if answer.real_candidate.requests:
        reason += f"; {answer.real_candidate.errors} of {answer.real_candidate.requests} real requests failed"
    elif answer.reader:
        reason += "; no real requests"
    return Verdict(Status.PASSED, reason, release, facts=facts)


def _figures(side: Side, wanted: float) -> dict[str, object]:
    """Requests, errors, and as "p95" the quantile that is compared beside the usual ones, in seconds."""
    shown = sorted({*_SHOWN, wanted})
    return {
        "requests": side.requests,
        "errors": side.errors,
        **{f"p{each * 100:g}": quantile(side.latencies, each) for each in shown},
    }


def label(settings: CompareSettings) -> str:
    return spoken(settings.for_)


KIND = Kind("compare", CompareSettings, ask, judge, Compared, label=label)
