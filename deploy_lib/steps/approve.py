"""approve: the release stops, held with the share of users that it has, until a person approves it or the time ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from deploy_lib.model.answers import ApprovalSeen
from deploy_lib.model.approval import Approval
from deploy_lib.model.details import Details
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.release import Release, Status
from deploy_lib.steps.again import Again
from deploy_lib.steps.kind import Duration, Kind, Settings, Usual, Verdict, format_duration
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.position import OrderRule, Position


class ApproveSettings(Settings):
    name: str = Field(
        "",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9 ._-]{0,62})?$",
        description="tells it from another approval of the plan, e.g. qa",
    )
    within: Duration = Field(
        86400.0, ge=1, le=2592000, description="it must be approved within this time of when it was first asked for"
    )
    otherwise: Literal["restore", "continue"] = Field(
        "restore", description="when nobody has approved it in time. restore: it failed. continue: it goes on"
    )
    wait: Duration = Field(
        0.0, ge=0, description="this client waits so long for it, and then ends; the release is held, to be resumed"
    )
    look_every: Duration = Field(5.0, gt=0, description="how often the waiting client looks")


@dataclass(frozen=True, slots=True)
class ApproveDetails(Details):
    """`share` is the percent of users that the candidate had; `approved` says by whom, when and why."""

    share: int = 0
    since: datetime | None = None
    approved: Approval | None = None

    def lines(self) -> Iterator[str]:
        if self.since is not None:
            yield f"asked for at {self.since:%Y-%m-%d %H:%M} UTC, with {self.share} % of users"
        if self.approved is not None:
            yield f"approved by {self.approved}"

    def blames_image(self) -> bool:
        return False

    def evidence(self) -> Evidence:
        """None is needed: that nobody came says nothing of the candidate."""
        return Evidence()


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Whether somebody has approved it; the question is put onto the service where it is not there yet."""

    release: Release
    settings: ApproveSettings


def ask(settings: ApproveSettings, release: Release) -> AskApproval:
    return AskApproval(release, settings)


def judge(settings: ApproveSettings, release: Release, answer: ApprovalSeen) -> Verdict | Again:
    details = ApproveDetails(answer.share, answer.since, answer.approval)
    if answer.approval is not None:
        return Verdict(Status.PASSED, f"approved by {answer.approval}", release, details=details)
    until = answer.since + timedelta(seconds=settings.within)
    left = (until - answer.now).total_seconds()
    if left <= 0:
        late = f"nobody approved it within {format_duration(settings.within)}"
        if settings.otherwise == "continue":
            return Verdict(Status.PASSED, f"{late}; it goes on (otherwise: continue)", release, details=details)
        return Verdict(Status.FAILED, late, release, details=details)
    if answer.seconds < settings.wait:
        return Again(min(settings.look_every, settings.wait - answer.seconds, left))
    then = "users are put back" if settings.otherwise == "restore" else "it goes on"
    reason = (
        f"waits with {answer.share} % of users for a person to approve it, until {until:%Y-%m-%d %H:%M} UTC; "
        f"resumed after that, {then}"
    )
    return Verdict(Status.WAITING, reason, release, details=details)


def describe(request: AskApproval) -> str:
    settings = request.settings
    waits = f" (this client waits for {format_duration(settings.wait)})" if settings.wait else ""
    after = format_duration(settings.within)
    return f"holds the release until a person approves it{waits}; after {after}: {settings.otherwise}"


REFERENCE = """\
# A person must say yes before it goes on: deploy_to_gcp.py approve ID.
- approve:
    name: qa                 # tells it from another approval of the plan
    within: 24h              # of when it was first asked for
    otherwise: restore       # continue: it goes on when nobody has approved it in time
    wait: 0s                 # this client waits so long; then the release is held, to be resumed
    look_every: 5s
"""
_ASKED = datetime(2026, 1, 1, tzinfo=UTC)

KIND = Kind(
    "approve",
    ApproveSettings,
    ask,
    judge,
    AskApproval,
    ApprovalSeen,
    ApproveDetails,
    usual=(Usual(85, REFERENCE),),
    known_bad=(
        BadCase("a release that nobody has approved", ApprovalSeen(_ASKED, _ASKED, 10)),
        BadCase("one that nobody approved in time", ApprovalSeen(_ASKED, _ASKED + timedelta(days=2), 10)),
    ),
    position=Position(
        needs=OrderRule("canary", "there is nothing to approve before there is a candidate"),
        before_traffic=False,
        needs_stable="the first revision has all users at once",
        apart=lambda settings: f"name: {settings.name or 'none'}",
    ),
    describe=describe,
    label=lambda settings: settings.name,
)
