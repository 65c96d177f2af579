"""promote: give the candidate a share of the traffic, pinned by revision name; the rest keeps its proportions.

While it bakes the requests of users are counted, and some of ours are made, so that a service without users can be
told from a log that shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from deploy_lib.model.answers import Side, TrafficMoved, Watched
from deploy_lib.model.details import Counted, Figures, Reported, SeenTraffic, Whose
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Phase
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.steps.again import Again
from deploy_lib.steps.health import AsksService, Question, question
from deploy_lib.steps.kind import Kind, Usual, Verdict, format_duration
from deploy_lib.steps.known_bad import BEFORE, BadCase
from deploy_lib.steps.phases import Times, onwards, unready
from deploy_lib.steps.position import OrderRule, Position
from deploy_lib.steps.promote.settings import PromoteSettings
from deploy_lib.steps.promote.short_form import REFERENCE_SHORT, SHORT
from deploy_lib.steps.watched import doubt, lost, seen, sick, undecided


@dataclass(frozen=True, slots=True)
class PromoteDetails(Reported):
    """The shares after the move, and the requests while it was watched; `reader` is what counted those of users."""

    percent: int = 0
    traffic: Mapping[str, int] = field(default_factory=dict)
    at: datetime | None = None
    real_candidate: Figures = Figures()
    real_stable: Figures = Figures()
    own: Figures = Figures()
    reader: str = ""

    def traffic_seen(self) -> SeenTraffic:
        return SeenTraffic(self.traffic, self.at)

    def requests_counted(self) -> tuple[Counted, ...]:
        return (
            Counted("stable", Whose.USERS, self.real_stable),
            Counted("candidate", Whose.USERS, self.real_candidate),
        )


@dataclass(frozen=True, slots=True)
class MoveTraffic:
    """Put `target` in place, if the service still carries one of `ours`.

    `ours` are the maps this release may have left; any other was put there by someone else, which is a conflict.
    Empty: whatever the service carries may be replaced.
    """

    release: Release
    settings: PromoteSettings
    target: TrafficMap
    ours: tuple[TrafficMap, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchUsers:
    """Look at the candidate, which has its share of the traffic: real requests are counted, and some are made."""

    release: Release
    settings: PromoteSettings
    asked: Question
    phase: Phase = Phase.ASKING


def ask(settings: PromoteSettings, release: Release) -> MoveTraffic:
    before = release.before or TrafficMap()
    if release.tag:
        before = before.tagged(release.tag, release.candidate or "")
    target = before.moved(release.candidate or "", settings.percent)
    return MoveTraffic(release, settings, target)


def judge(settings: PromoteSettings, release: Release, answer: TrafficMoved) -> Verdict | Again:
    details = PromoteDetails(settings.percent, answer.now.shares(), answer.at)
    if answer.conflict:
        return Verdict(Status.INCONCLUSIVE, answer.conflict, release, details=details, conflict=True)
    died = settings.why_failed(answer.revision_failed, answer.ends)
    if died:
        reason = f"the candidate failed while it had {settings.percent} %: {died}"
        return Verdict(Status.FAILED, reason, release, details=details)
    share = answer.now.shares().get(release.candidate or "", 0)
    if share < settings.percent:
        reason = f"the candidate has {share} % instead of {settings.percent} %"
        return Verdict(Status.FAILED, reason, release, details=details)
    grown = replace(release, percent=settings.percent)
    if not settings.bake:
        return Verdict(Status.PASSED, str(answer.now), grown, details=details)
    if answer.watched is None:
        return Again(0.0, _watch(settings, release))
    return _watched(settings, grown, answer.now, answer.watched, details)


def _watch(settings: PromoteSettings, release: Release, phase: Phase = Phase.ASKING) -> WatchUsers:
    return WatchUsers(release, settings, question(settings, release.service.health, None), phase)


def _watched(
    settings: PromoteSettings, release: Release, now: TrafficMap, watched: Watched, details: PromoteDetails
) -> Verdict | Again:

    def at(phase: Phase) -> WatchUsers:
        return _watch(settings, release, phase)

    early = unready(watched, at)
    if early:
        return early
    details = replace(
        details,
        real_candidate=_figures(watched.users),
        real_stable=_figures(watched.beside),
        own=_figures(watched.own),
        reader=watched.reader,
    )
    failed = sick(watched, settings)
    if not failed:
        times = Times(settings.bake, settings.longer, settings)
        early = onwards(watched, at, times, undecided(watched, settings, settings.percent))
        if early:
            return early
        failed = lost(watched, settings, settings.percent)
    if failed:
        reason = f"the candidate failed while it had {settings.percent} %: {failed}"
        return Verdict(Status.FAILED, reason, release, details=details)
    if not watched.reader:
        reason = f"{now}, but real requests could not be seen: {watched.blind}"
        return Verdict(Status.INCONCLUSIVE, reason, release, details=details)
    unsure = doubt(watched, settings, settings.percent)
    if unsure:
        return Verdict(
            Status.INCONCLUSIVE, f"{now}, but in {format_duration(watched.seconds)} {unsure}", release, details=details
        )
    reason = f"{now}; in {format_duration(watched.seconds)}: {seen(watched, settings)}"
    return Verdict(Status.PASSED, reason, release, details=details)


def _figures(side: Side) -> Figures:
    return Figures(side.requests, side.errors, side.refused)


def offers(settings: PromoteSettings, service: Service) -> AsksService | None:
    return AsksService("promote's bake") if settings.bake else None


def label(settings: PromoteSettings) -> str:
    return f"{settings.percent} %"


def describe(request: MoveTraffic) -> str:
    baked = f", then watches for {format_duration(request.settings.bake)}" if request.settings.bake else ""
    return f"{request.target}{baked}"


REFERENCE = """\
# A share of the traffic, pinned by revision name.
- promote:
    percent: 10              # whole percent
    bake: 2m                 # watch the candidate this long (default: 0s): real requests are counted, and our own,
                             # which show that they can be
    path: /health            # of our own requests; also status, json, text and timeout, default: the service's health
    status: 200
    json: {status: ok}
    text: ok
    timeout: 10s
    extend_by: 4m            # go on for up to this much longer while too little is known (default: twice bake, 30s at
                             # least)
    every: 1s                # between our own requests
    at_once: 20              # pairs of our own under way at most
    max_error_rate: 0.01     # the candidate may fail this share of its requests
    max_error_increase: 0.01 # and this much more than the stable revision
    max_4xx_alone: 0.5       # with all traffic, 4xx or redirects up to this part are not held against it
    max_slowdown: 2          # the candidate's latency quantile over the stable's
    max_slowdown_alone: 3    # with all traffic: over that of the stable revision's users in as long a time before
    latency_tolerance: 100ms # a difference this small never matters
    quantile: 0.95           # which latency quantile
    warm_up: 10s             # slow answers in these first seconds do not count, since instances are starting (default:
                             # 10s, half of bake at most)
    confidence: 0.95         # certainty that a rejection needs, corrected for looking often
    min_failures: 5          # fewer failed requests reject nothing
    min_users_before: 30     # with all traffic: none is answered by no chance where so many were before
    min_slow: 10             # fewer slow requests reject nothing
    crashes: 2               # so many ends of its container reject it; one may be an instance that was scaled away
    first_look: 500ms        # what was seen is judged after this time at the earliest
    look_every: 5s           # and then after a quarter of the time so far, this at most
    log_within: 20s          # our own requests must be in the request log by then,
    metrics_within: 5m       # else in Cloud Monitoring's figures; else the step is inconclusive
"""
KNOWN_BAD = (
    BadCase("traffic that never moved", TrafficMoved(BEFORE), {"percent": 100}),
    BadCase("traffic that someone else moved", TrafficMoved(BEFORE, conflict="someone changed it"), {"percent": 100}),
)

KIND = Kind(
    "promote",
    PromoteSettings,
    ask,
    judge,
    MoveTraffic,
    TrafficMoved,
    PromoteDetails,
    usual=(Usual(80, REFERENCE, {"percent": 10}), Usual(100, REFERENCE_SHORT, {"percent": 100})),
    known_bad=KNOWN_BAD,
    later=(WatchUsers,),
    position=Position(
        needs=OrderRule("canary", "there is no candidate to promote before the canary"),
        moves_traffic=True,
        before_traffic=False,
        gives=lambda settings: int(settings.percent),
    ),
    describe=describe,
    label=label,
    short_form=SHORT,
    offers=offers,
)
