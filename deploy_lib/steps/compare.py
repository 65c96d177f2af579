"""compare: is the candidate worse than the stable revision? Paired requests first, real ones where there are any.

The evidence is weighed by `significance`; this file says what is asked and what the weighing means for a release.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from deploy_lib.model.answers import Compared, Side
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Compare, Thresholds
from deploy_lib.steps.kind import Duration, Kind, Settings, Verdict, spoken
from deploy_lib.steps.significance import Opinion, Sight, quantile, weigh

_SHOWN = (0.5, 0.9, 0.95, 0.99)


class CompareSettings(Settings):
    for_: Duration = Field(60.0, alias="for", gt=0, description="compare for this long")
    path: str = Field("/health", pattern=r"^/", description="asked of both revisions, in pairs")
    every: Duration = Field(0.25, ge=0.01, description="pause between pairs")
    timeout: Duration = Field(10.0, gt=0, description="one request may take this long")
    max_error_rate: float = Field(0.01, ge=0, le=1, description="the candidate may fail this part of its requests")
    max_error_increase: float = Field(0.01, ge=0, le=1, description="beyond what the stable revision fails")
    max_slowdown: float = Field(1.5, ge=1, description="the candidate's quantile over the stable's")
    latency_tolerance: Duration = Field(0.05, ge=0, description="a difference this small never matters")
    quantile: float = Field(0.95, gt=0, lt=1, description="which latency quantile is compared")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="certainty a rejection needs")
    min_samples: int = Field(30, ge=5, description="fewer requests than this decide nothing")
    metrics: bool = Field(True, description="also use Cloud Monitoring's figures of real requests")

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
    return Compare(
        release,
        duration=settings.for_,
        path=settings.path,
        every=settings.every,
        timeout=settings.timeout,
        thresholds=_thresholds(settings),
        metrics=settings.metrics,
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
    }
    if answer.revision_failed:
        return Verdict(Status.FAILED, f"the revision failed: {answer.revision_failed}", release, facts=facts)
    asked = weigh(answer.stable, answer.candidate, thresholds, answer.looks)
    real = weigh(answer.real_stable, answer.real_candidate, thresholds, answer.looks)
    facts["p_error"], facts["p_latency"] = asked.p_error, asked.p_latency
    for sight, whose in ((real, "real requests"), (asked, "paired requests")):
        if sight.opinion is Opinion.WORSE:
            return Verdict(Status.FAILED, f"{whose}: {sight.reason}", release, facts=facts)
    return _without_harm(asked, real, answer, release, facts)


def _without_harm(asked: Sight, real: Sight, answer: Compared, release: Release, facts: dict[str, object]) -> Verdict:
    if asked.opinion is Opinion.UNCLEAR:
        return Verdict(Status.INCONCLUSIVE, f"paired requests: {asked.reason}", release, facts=facts)
    if real.opinion is Opinion.UNCLEAR and answer.real_candidate.errors:
        return Verdict(Status.INCONCLUSIVE, f"real requests: {real.reason}", release, facts=facts)
    reason = f"{asked.reason}, over {spoken(answer.seconds)}"
    if answer.real_candidate.requests:
        reason += f"; {answer.real_candidate.errors} of {answer.real_candidate.requests} real requests failed"
    elif answer.metrics_gap:
        reason += f"; real requests not known: {answer.metrics_gap}"
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
