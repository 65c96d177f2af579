"""promote: give the candidate a share of the traffic, pinned by revision name; the rest keeps its proportions.

While it bakes the requests of users are counted, and some of our own are made, so that a service nobody asks can be
told from a log that shows nothing.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from deploy_lib.model.answers import REQUEST_LOG, Side, TrafficMoved, Watched
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Bake, MoveTraffic, Readers, Thresholds
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.steps.health import AskSettings, question
from deploy_lib.steps.kind import Duration, Kind, Verdict, counted, spoken
from deploy_lib.steps.real_requests import turned_away
from deploy_lib.steps.significance import Opinion, weigh


class PromoteSettings(AskSettings):
    percent: int = Field(100, ge=1, le=100, strict=True, description="whole percent of the requests")
    bake: Duration = Field(0.0, ge=0, description="watch the candidate for this long before the next step")
    every: Duration = Field(1.0, ge=0.01, description="time between our own requests while it bakes")
    max_error_rate: float = Field(0.01, ge=0, le=1, description="the candidate may fail this part of its requests")
    max_error_increase: float = Field(0.01, ge=0, le=1, description="beyond what the stable revision fails")
    max_4xx_alone: float = Field(
        0.5,
        ge=0,
        le=1,
        description="with all traffic: 4xx, or redirects, up to this part of the requests are not held against it",
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="certainty a rejection needs")
    min_failures: int = Field(5, ge=1, description="fewer failed requests than this reject nothing")
    log_within: Duration = Field(20.0, ge=0, description="our own requests must be in the request log by then")
    metrics_within: Duration = Field(300.0, ge=0, description="else in Cloud Monitoring's figures by then")


def ask(settings: PromoteSettings, release: Release) -> MoveTraffic:
    before = release.before or TrafficMap()
    if release.tag:
        before = before.tagged(release.tag, release.candidate or "")
    target = before.moved(release.candidate or "", settings.percent)
    return MoveTraffic(release, target=target, percent=settings.percent, bake=_bake(settings, release))


def _bake(settings: PromoteSettings, release: Release) -> Bake:
    asked = question(settings, release.service.health, None)
    return Bake(
        settings.bake,
        path=asked.path,
        expect=asked.expect,
        every=settings.every,
        timeout=asked.timeout,
        thresholds=Thresholds(
            max_error_rate=settings.max_error_rate,
            max_error_increase=settings.max_error_increase,
            confidence=settings.confidence,
            min_failures=settings.min_failures,
            max_4xx_alone=settings.max_4xx_alone,
        ),
        readers=Readers(settings.log_within, settings.metrics_within),
    )


def judge(settings: PromoteSettings, release: Release, answer: TrafficMoved) -> Verdict:
    facts: dict[str, object] = {
        "percent": settings.percent,
        "traffic": answer.now.shares(),
        "at": answer.at.isoformat() if answer.at else None,
    }
    if answer.conflict:
        return Verdict(Status.INCONCLUSIVE, answer.conflict, release, facts={**facts, "conflict": True})
    if answer.revision_failed:
        reason = f"the candidate failed while it had {settings.percent} %: {answer.revision_failed}"
        return Verdict(Status.FAILED, reason, release, facts=facts)
    share = answer.now.shares().get(release.candidate or "", 0)
    if share < settings.percent:
        reason = f"the candidate has {share} % instead of {settings.percent} %"
        return Verdict(Status.FAILED, reason, release, facts=facts)
    grown = replace(release, percent=settings.percent)
    if not settings.bake:
        return Verdict(Status.PASSED, str(answer.now), grown, facts=facts)
    if answer.watched is None:
        return Verdict(Status.INCONCLUSIVE, f"{answer.now}, but it was never watched", grown, facts=facts)
    return _watched(settings, grown, answer.now, answer.watched, facts)


def _watched(
    settings: PromoteSettings, release: Release, now: TrafficMap, watched: Watched, facts: dict[str, object]
) -> Verdict:
    thresholds = _bake(settings, release).thresholds
    facts |= {
        "real_candidate": _figures(watched.users),
        "real_stable": _figures(watched.beside),
        "own": _figures(watched.own),
        "reader": watched.reader,
    }
    failed = sick(watched, thresholds)
    if failed:
        reason = f"the candidate failed while it had {settings.percent} %: {failed}"
        return Verdict(Status.FAILED, reason, release, facts=facts)
    if not watched.reader:
        reason = f"{now}, but real requests could not be seen: {watched.blind}"
        return Verdict(Status.INCONCLUSIVE, reason, release, facts=facts)
    doubt = sick(watched, replace(thresholds, min_failures=1))
    if doubt:
        reason = f"{now}, but {doubt} (fewer than min_failures: {settings.min_failures})"
        return Verdict(Status.INCONCLUSIVE, reason, release, facts=facts)
    return Verdict(Status.PASSED, f"{now}; in {spoken(watched.seconds)}: {_seen(watched)}", release, facts=facts)


def sick(watched: Watched, thresholds: Thresholds) -> str:
    """Why the candidate is worse under traffic, as far as it was seen; empty while nothing shows it."""
    users, usual = watched.users, watched.beside if watched.beside.requests else watched.earlier
    for stable, candidate, whose in (
        (usual, users, "real requests"),
        (watched.own_stable, watched.own, "our own requests"),
    ):
        plain = replace(stable, latencies=()), replace(candidate, latencies=())
        sight = weigh(*plain, thresholds, watched.looks)
        if sight.opinion is Opinion.WORSE:
            return f"{whose}: {sight.reason}"
    away = max(users.refused, users.redirected)
    many = bool(watched.beside.requests) or away > thresholds.max_4xx_alone * users.requests
    refused = turned_away(users, usual, thresholds, watched.looks) if many else ""
    return f"real requests: {refused}" if refused else ""


def _seen(watched: Watched) -> str:
    """ "412 requests, 0 failed", or what is known where no user asked."""
    users, own = watched.users, watched.own
    ours = f"{own.requests} of our own, {own.errors} failed"
    by = f", by {watched.reader}" if watched.reader != REQUEST_LOG else ""
    if not users.requests:
        return f"no user requests{by}; {ours}"
    apart = f", {users.refused} answered 4xx" if users.refused else ""
    apart += f", {users.redirected} redirected" if users.redirected else ""
    return f"{counted(users.requests, 'request')}, {users.errors} failed{apart}{by}; {ours}"


def _figures(side: Side) -> dict[str, object]:
    return {"requests": side.requests, "errors": side.errors, "refused": side.refused}


def label(settings: PromoteSettings) -> str:
    return f"{settings.percent} %"


KIND = Kind("promote", PromoteSettings, ask, judge, TrafficMoved, label=label)
