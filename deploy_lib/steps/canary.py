"""canary: the candidate becomes a new revision, with a tag and without users, and must come up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import Field

from deploy_lib.model.answers import RevisionCreated, Start, Starting
from deploy_lib.model.details import Inventory, Reported, SeenTraffic
from deploy_lib.model.evidence import Condition, Evidence, LogSource
from deploy_lib.model.release import Release, Status
from deploy_lib.steps.again import Again, next_pause
from deploy_lib.steps.kind import Duration, Kind, Settings, Usual, Verdict, format_duration
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.position import OrderRule, Position


class CanarySettings(Settings):
    tag: str = Field(
        "canary",
        pattern=r"^[a-z][a-z0-9-]{0,45}$",
        description="the candidate answers at this tag's URL; lower-case letters, digits and hyphens",
    )
    ready_within: Duration = Field(300.0, gt=0, description="the revision must be ready within this time")
    crashes_alike: int = Field(
        2,
        ge=1,
        description="this many identical failures end the wait where another try cannot help (an import, a setting)",
    )
    sure_after: Duration = Field(
        5.0,
        ge=0,
        description="where the image alone decides, one failure ends the wait once this time has passed without "
        "another log line",
    )
    words_within: Duration = Field(
        30.0, ge=0, description="how much later the log lines that explain a failure may arrive"
    )


@dataclass(frozen=True, slots=True)
class CanaryDetails(Reported):
    """`changed` and `kept` are what the release changes of the service's settings, and what set by hand stays.

    `url` is the tag's, None until the revision was ready; `first`: it has all traffic then.
    """

    revision: str = ""
    url: str | None = None
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    first: bool = False
    previous_revision: str | None = None
    previous_image: str | None = None

    def traffic_seen(self) -> SeenTraffic | None:
        return SeenTraffic({self.revision: 100}) if self.first and self.url else None

    def inventory(self) -> Inventory:
        return Inventory(previous_image=self.previous_image, previous_revision=self.previous_revision)

    def settings_changed(self) -> tuple[str, ...]:
        return self.changed


@dataclass(frozen=True, slots=True)
class CreateRevision:
    """A new revision of the service with a tag and 0 % of traffic; everything the YAML does not name is kept."""

    release: Release
    settings: CanarySettings


@dataclass(frozen=True, slots=True)
class LookAtStart:
    """How far the revision is that was just created."""

    release: Release


@dataclass(frozen=True, slots=True)
class EndStart:
    """Give the revision its tag's URL; or, when it is not `ready`, take the tag off again."""

    release: Release
    settings: CanarySettings
    ready: bool
    failed_early: bool = False
    timed_out: bool = False


QUOTA_WITHIN = 90.0
"""Seconds more in which the words of a failure are waited for while a quota by the minute keeps them unread."""


def ask(settings: CanarySettings, release: Release) -> CreateRevision:
    return CreateRevision(release, settings)


def judge(settings: CanarySettings, release: Release, answer: RevisionCreated | Starting) -> Verdict | Again:
    return _start(settings, release, answer) if isinstance(answer, Starting) else _end(settings, release, answer)


def _start(settings: CanarySettings, release: Release, start: Starting) -> Again:
    """Wait, or end the wait: it is up, or has failed and the log says why, or no waiting helps, or the time is over."""
    look, end = LookAtStart(release), EndStart(release, settings, ready=False)
    if start.state is Start.READY:
        return Again(0.0, replace(end, ready=True))
    if start.state is Start.FAILED:
        unexplained_for = start.seconds - start.since
        patience = settings.words_within + (QUOTA_WITHIN if start.unread else 0.0)
        if start.explained or unexplained_for >= patience:
            return Again(0.0, end)
        return Again(next_pause(unexplained_for, patience - unexplained_for), look)
    sure = start.alike > 0 and start.seconds - start.alike_since >= settings.sure_after
    if start.hopeless or start.alike >= settings.crashes_alike or sure:
        return Again(0.0, replace(end, failed_early=True))
    if start.seconds >= settings.ready_within:
        return Again(0.0, replace(end, timed_out=True))
    return Again(next_pause(start.seconds, settings.ready_within - start.seconds), look)


def _end(settings: CanarySettings, release: Release, answer: RevisionCreated) -> Verdict:
    grown = replace(
        release,
        candidate=answer.revision,
        candidate_url=answer.url,
        tag=settings.tag,
        url=answer.main_url or release.url,
        stable_url=answer.stable_url,
    )
    details = CanaryDetails(
        answer.revision,
        answer.url,
        changed=answer.changed,
        kept=answer.kept,
        first=release.first,
        previous_revision=release.stable,
        previous_image=answer.previous_image,
    )
    if answer.ready:
        share = "it has all traffic, being the service's first" if release.first else "no traffic yet"
        return Verdict(Status.PASSED, f"{answer.revision} is ready; {share}", grown, details=details)
    if _is_of_cloud_run(answer.evidence):
        failed = "had no room for it" if _is_full(answer.evidence) else "itself failed"
        reason = f"Cloud Run {failed} while {answer.revision} was starting{_last_words(answer.evidence)}"
        return Verdict(Status.ERRORED, reason, grown, details=details)
    if answer.timed_out:
        reason = f"{answer.revision} was not ready within {format_duration(settings.ready_within)}"
        return Verdict(Status.FAILED, reason + _last_words(answer.evidence), grown, details=details)
    early = "; the wait was ended early, as another try would fail in the same way" if answer.failed_early else ""
    return Verdict(
        Status.FAILED, f"{answer.revision} does not start{_last_words(answer.evidence)}{early}", grown, details=details
    )


_FULL = frozenset({"ACTIVE_REVISION_LIMIT_REACHED", "MIN_INSTANCES_NOT_PROVISIONED"})
"""Reasons of google.cloud.run_v2's RevisionReason for a project that has used up what it may: no commit alters it."""


def _is_of_cloud_run(evidence: Evidence) -> bool:
    """Its words for a failure that is not the container's: CommonReason INTERNAL of the v2 API, and `_FULL`."""
    return bool(_reasons(evidence) & {"INTERNAL", *_FULL})


def _is_full(evidence: Evidence) -> bool:
    return bool(_reasons(evidence) & _FULL)


def _reasons(evidence: Evidence) -> set[str]:
    return {each.reason for each in evidence.conditions if each.failed}


def _last_words(evidence: Evidence) -> str:
    """The most helpful line of the container, else the platform's message."""
    failed = [condition for condition in evidence.conditions if condition.failed]
    for line in reversed(evidence.log):
        text = line.text.strip()
        if line.source == LogSource.STDERR and "Error" in text.split(":", 1)[0] and not text.startswith("File "):
            return f": {text[:200]}"
    if failed:
        return f": {_first(failed).message[:300]}"
    return f": {evidence.operation_message[:300]}" if evidence.operation_message else ""


def _first(failed: list[Condition]) -> Condition:
    """The condition with a reason and a message says more than the summing-up one."""
    return max(failed, key=lambda condition: (bool(condition.message), bool(condition.reason)))


REFERENCE = """\
# A revision with a tag and without users.
- canary:
    tag: canary              # it answers at this tag's URL
    ready_within: 5m
    crashes_alike: 2         # ended earlier when it crashes alike so often for good (an import, the syntax, a setting),
    sure_after: 5s           # or once for what the image alone decides, and this passes without another word
    words_within: 30s        # how much later the log lines that explain a failure may arrive
"""
KIND = Kind(
    "canary",
    CanarySettings,
    ask,
    judge,
    CreateRevision,
    RevisionCreated,
    CanaryDetails,
    usual=(Usual(60, REFERENCE, {"tag": "canary", "ready_within": "5m"}, {"words_within": "2s"}),),
    known_bad=(BadCase("a revision that does not come up", RevisionCreated("candidate", False)),),
    later=(LookAtStart, EndStart),
    position=Position(
        needs=OrderRule("build", "there is no image to run before it is built"), once=True, brings_candidate=True
    ),
)
