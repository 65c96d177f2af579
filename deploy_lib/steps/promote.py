"""promote: give the candidate a share of the traffic, pinned by revision name; the rest keeps its proportions."""

from __future__ import annotations

from pydantic import Field

from deploy_lib.model.answers import TrafficMoved
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import MoveTraffic
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.steps.kind import Duration, Kind, Settings, Verdict, spoken


class PromoteSettings(Settings):
    percent: int = Field(100, ge=1, le=100, strict=True, description="whole percent of the requests")
    bake: Duration = Field(0.0, ge=0, description="watch the candidate for this long before the next step")


def ask(settings: PromoteSettings, release: Release) -> MoveTraffic:
    before = release.before or TrafficMap()
    if release.tag:
        before = before.tagged(release.tag, release.candidate or "")
    target = before.moved(release.candidate or "", settings.percent)
    return MoveTraffic(release, target=target, percent=settings.percent, bake=settings.bake)


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
    baked = f", well for {spoken(settings.bake)}" if settings.bake else ""
    return Verdict(Status.PASSED, f"{answer.now}{baked}", release, facts=facts)


def label(settings: PromoteSettings) -> str:
    return f"{settings.percent} %"


KIND = Kind("promote", PromoteSettings, ask, judge, TrafficMoved, label=label)
