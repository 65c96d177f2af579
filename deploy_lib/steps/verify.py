"""verify: what the platform says it serves, and what really answers at the main URL, is the candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import Field, field_validator

from deploy_lib.model.answers import TrafficVerified
from deploy_lib.model.counting import counted
from deploy_lib.model.details import Reported, SeenTraffic
from deploy_lib.model.release import Release, Status
from deploy_lib.model.service import Health, Service
from deploy_lib.steps.again import Again, next_pause
from deploy_lib.steps.health import GOOD, AskSettings, AsksService, Question, Via, codes, question
from deploy_lib.steps.kind import Duration, Kind, Usual, Verdict, format_duration
from deploy_lib.steps.known_bad import AFTER, BEFORE, BadCase
from deploy_lib.steps.position import OrderRule, Position
from deploy_lib.steps.responses import advice_on

_FROM = 400
"""From this status on an answer says that nothing serves at the path, whatever was expected of it."""


class VerifySettings(AskSettings):
    via: Via = Field("url", description="url: by asking it. none: nothing is asked; what Cloud Run reports decides")
    within: Duration = Field(60.0, gt=0, description="the candidate must answer well at the main URL within this time")
    header: str = Field("x-revision", description="response header, or key of a JSON body, that names the revision")
    unnamed: int = Field(3, ge=1, description="this many answers are enough where none of them names its revision")
    percent: int = Field(100, ge=1, le=100, strict=True, description="share the candidate must have")

    @field_validator("status")
    @classmethod
    def _serves(cls, given: tuple[int, ...] | int | None) -> tuple[int, ...] | int | None:
        refused = [code for code in codes(given) or () if code >= _FROM]
        if refused:
            raise ValueError(f"{refused[0]} says that nothing serves there; verify accepts 2xx and 3xx")
        return given


def unfit(settings: VerifySettings, service: str, health: Health) -> str:
    """Where none of the status codes that the step inherits can verify."""
    status = question(settings, health, GOOD).expect.status or ()
    if not status or _verifying(status):
        return ""
    return (
        f"verify accepts 2xx and 3xx, and {service}'s health: allows {' or '.join(map(str, status))} only; name a path "
        "that answers well, in health: or in verify:, or leave verify out"
    )


def _verifying(status: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(code for code in status if code < _FROM)


@dataclass(frozen=True, slots=True)
class VerifyDetails(Reported):
    """The shares as read back, and how many good answers came from each revision, "" for those that name none."""

    traffic: Mapping[str, int] = field(default_factory=dict)
    answered: Mapping[str, int] = field(default_factory=dict)

    def traffic_seen(self) -> SeenTraffic:
        return SeenTraffic(self.traffic)


@dataclass(frozen=True, slots=True)
class VerifyTraffic:
    """Read the traffic, and ask the main URL until it answers well from the candidate."""

    release: Release
    settings: VerifySettings
    asked: Question


def ask(settings: VerifySettings, release: Release) -> VerifyTraffic:
    asked = question(settings, release.service.health, GOOD)
    expect = replace(asked.expect, status=_verifying(asked.expect.status or GOOD))
    return VerifyTraffic(release, settings, replace(asked, expect=expect))


def _has_arrived(settings: VerifySettings, candidate: str, share: int, answer: TrafficVerified) -> bool:
    """It has its share, and answers; or whoever answers never says which revision it is."""
    if settings.via == "none":
        return answer.reconciled and share >= settings.percent
    nameless = answer.answered.get("", 0) >= settings.unnamed and set(answer.answered) == {""}
    return answer.reconciled and share >= settings.percent and (candidate in answer.answered or nameless)


def judge(settings: VerifySettings, release: Release, answer: TrafficVerified) -> Verdict | Again:
    candidate = release.candidate or ""
    share = answer.now.shares().get(candidate, 0)
    details = VerifyDetails(answer.now.shares(), answer.answered)
    if answer.seconds < settings.within and not _has_arrived(settings, candidate, share, answer):
        return Again(next_pause(answer.seconds, settings.within - answer.seconds))
    if share < settings.percent:
        reason = f"{candidate} has {share} % of the traffic instead of {settings.percent} %; serving: {answer.now}"
        return Verdict(Status.FAILED, reason, release, details=details)
    if not answer.reconciled:
        reason = f"the service had not settled within {format_duration(settings.within)}"
        return Verdict(Status.FAILED, reason, release, details=details)
    if settings.via == "none":
        reason = f"{candidate} serves {share} %, as Cloud Run reports; it was not asked (via: none)"
        return Verdict(Status.PASSED, reason, release, details=details)
    mine = answer.answered.get(candidate, 0)
    unnamed = answer.answered.get("", 0)
    others = sum(answer.answered.values()) - mine - unnamed
    if mine:
        reason = f"{candidate} serves {share} % and answers at {release.url}"
        return Verdict(Status.PASSED, reason, release, details=details)
    if unnamed and not others:
        reason = (
            f"{candidate} serves {share} %; the main URL answers, but names no revision "
            f"(send the header {settings.header} to have this confirmed)"
        )
        return Verdict(Status.PASSED, reason, release, details=details)
    if others:
        reason = f"the main URL still answers from {', '.join(sorted(set(answer.answered) - {candidate, ''}))}"
        return Verdict(Status.FAILED, reason, release, details=details)
    last = answer.last.problem if answer.last and answer.last.problem else "no answer came"
    path = question(settings, release.service.health, GOOD).path
    advice = advice_on(answer.last.status, path) if answer.last else ""
    reason = (
        f"the main URL was not answered well by {candidate} ({counted(answer.failures, 'failure')}; last: {last})"
        f"{f'; {advice}' if advice else ''}"
    )
    return Verdict(Status.FAILED, reason, release, details=details)


def offers(settings: VerifySettings, service: Service) -> AsksService | None:
    return AsksService("verify", alone=False) if settings.via == "url" else None


def describe(request: VerifyTraffic) -> str:
    if request.settings.via == "none":
        return "reads the traffic back, and asks nothing"
    return f"reads the traffic back and asks {request.asked.path} at the main URL"


REFERENCE = """\
# What the platform says it serves, and what really answers, is the candidate.
- verify:
    path: /health            # also status, json, text and timeout; default: those of the service's health
    status: [200, 204]       # (default: any 2xx)
    json: {status: ok}
    text: ok
    timeout: 10s
    within: 1m
    header: x-revision       # response header, or key of a JSON body, that names the revision
    unnamed: 3               # this many answers are enough where none of them names its revision
    percent: 100             # share the candidate must have
    via: url                 # none: it is not asked, and what Cloud Run reports decides
"""
KNOWN_BAD = (
    BadCase("a main URL that answers from the old revision", TrafficVerified(AFTER, True, {"stable": 3}, seconds=60)),
    BadCase("a service that still serves the old revision", TrafficVerified(BEFORE, True, {"stable": 3}, seconds=60)),
)

KIND = Kind(
    "verify",
    VerifySettings,
    ask,
    judge,
    VerifyTraffic,
    TrafficVerified,
    VerifyDetails,
    usual=(Usual(110, REFERENCE, {}),),
    known_bad=KNOWN_BAD,
    position=Position(
        needs=OrderRule("promote", "there is nothing to verify before a promotion"),
        once=True,
        before_traffic=False,
        confirms=True,
        expects=lambda settings: int(settings.percent),
    ),
    describe=describe,
    unfit=unfit,
    offers=offers,
)
