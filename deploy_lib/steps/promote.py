"""promote: give the candidate a share of the traffic, pinned by revision name; the rest keeps its proportions.

While it bakes the requests of users are counted, and some of our own are made, so that a service without users can be
told from a log that shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import Field

from deploy_lib.model.answers import Side, TrafficMoved, Watched
from deploy_lib.model.details import Counted, Figures, Reported, SeenTraffic, Whose
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Phase
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.steps.again import Again
from deploy_lib.steps.health import Question, question
from deploy_lib.steps.kind import Duration, Kind, NotWritten, ShortForm, Usual, Verdict, format_duration
from deploy_lib.steps.known_bad import BEFORE, BadCase
from deploy_lib.steps.phases import LookSettings, Times, onwards, unready
from deploy_lib.steps.position import OrderRule, Position
from deploy_lib.steps.thresholds import ThresholdsUnderTraffic
from deploy_lib.steps.watched import doubt, lost, seen, sick, undecided

EXTENDED = 30.0  # seconds at least, unless the YAML says else
WARM_UP = 10.0  # seconds at most, unless the YAML says else


class PromoteSettings(ThresholdsUnderTraffic, LookSettings):
    percent: int = Field(100, ge=1, le=100, strict=True, description="whole percent of the requests")
    bake: Duration = Field(0.0, ge=0, description="watch the candidate for this long before the next step")
    extend_by: Duration | None = Field(
        None,
        ge=0,
        description="go on for up to this much longer while too little is known; default: twice `bake`, 30 s at least",
    )
    every: Duration = Field(1.0, ge=0.01, description="time between our own requests while it bakes")
    at_once: int = Field(20, ge=1, le=500, description="pairs of our own under way at most")
    warm_up: Duration | None = Field(
        None,
        ge=0,
        description="slow answers in these first seconds do not count, since instances are starting; default: 10 s, "
        "half of `bake` at most",
    )

    @property
    def longer(self) -> float:
        """Seconds that it goes on for at most, after `bake`."""
        return max(2 * self.bake, EXTENDED) if self.extend_by is None else self.extend_by

    @property
    def warming_up(self) -> float:
        """Seconds."""
        return min(WARM_UP, self.bake / 2) if self.warm_up is None else self.warm_up


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
    unsure = doubt(watched, settings)
    if unsure:
        return Verdict(
            Status.INCONCLUSIVE, f"{now}, but in {format_duration(watched.seconds)} {unsure}", release, details=details
        )
    reason = f"{now}; in {format_duration(watched.seconds)}: {seen(watched, settings)}"
    return Verdict(Status.PASSED, reason, release, details=details)


def _figures(side: Side) -> Figures:
    return Figures(side.requests, side.errors, side.refused)


def label(settings: PromoteSettings) -> str:
    return f"{settings.percent} %"


def describe(request: MoveTraffic) -> str:
    baked = f", then watches for {format_duration(request.settings.bake)}" if request.settings.bake else ""
    return f"{request.target}{baked}"


SHORT_FORM = {
    "steps": {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 1,
        "description": "several percents, one after the other, instead of percent",
    },
    "watch": {
        "$ref": "#/$defs/compare",
        "description": "compare for the time of bake after each of steps but the last",
    },
}


def write_out(settings: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """`{steps: [1, 10, 100], bake: 2m, watch: {...}}` as single promotions, each but the last followed by its
    comparison, so that everything else knows one kind of promotion only."""
    percents, watch = settings["steps"], settings.get("watch")
    rest = {key: value for key, value in settings.items() if key not in SHORT_FORM}
    if not isinstance(percents, list) or not percents:
        raise NotWritten("steps", "steps is a list of whole percents, e.g. [1, 10, 100]")
    if "percent" in settings:
        raise NotWritten("percent", "give percent or steps, not both")
    if watch is not None and not isinstance(watch, dict):
        raise NotWritten("watch", "watch holds the settings of compare")
    written: list[tuple[str, dict[str, Any]]] = []
    for percent in percents:
        baked = {key: value for key, value in rest.items() if watch is None or key != "bake"}
        written.append(("promote", {**baked, "percent": percent}))
        if watch is not None and percent != percents[-1]:
            duration = {"for": rest["bake"]} if "bake" in rest and "for" not in watch else {}
            written.append(("compare", {**duration, **watch}))
    return written


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
REFERENCE_SHORT = """\
# Several shares in one entry: promote 25 %, compare, promote 100 %.
- promote:
    steps: [25, 100]
    bake: 2m
    watch: {path: /health}   # settings of compare; it runs for `bake` after each share but the last
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
    short_form=ShortForm("steps", write_out, SHORT_FORM),
)
