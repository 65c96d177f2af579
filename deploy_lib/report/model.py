"""The audit report as values: what is said, in which order, and no word about how it is shown.

Every format is made from this one document, so they cannot disagree. A field that is None, or a clause in `gaps`,
is something that could not be learned; nothing here is made up to fill a place. Times are aware, in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.cause import Link
from deploy_lib.model.details import Whose
from deploy_lib.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Subject:
    """Which release this is. `commit` and `image` are whole; `outcome` is None for one that has not ended."""

    id: str
    service: str = ""
    cloud_run: str = ""
    project: str = ""
    region: str = ""
    commit: str = ""
    image: str | None = None
    candidate: str | None = None
    stable: str | None = None
    holder: str = ""
    outcome: Outcome | None = None
    first: bool = False
    started: datetime | None = None
    ended: datetime | None = None
    running: bool = False  # its client still works on it

    @property
    def is_good(self) -> bool:
        return self.outcome is not None and self.outcome.is_good

    @property
    def tone(self) -> str:
        return self.outcome.words.tone if self.outcome else "unsure"

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of the plan. `status` is that of a verdict, or unanswered, or not run. `began` is since the start."""

    label: str
    kind: str
    status: str
    reason: str = ""
    at: datetime | None = None
    began: float | None = None
    seconds: float | None = None
    details: tuple[str, ...] = ()  # what the step found and no section says


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline. `tone` is good, bad, unsure or plain; `after` is seconds since the start."""

    at: datetime
    local: datetime  # the same moment in the zone of the reader
    after: float
    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class RootCause:
    """`whereabouts` is what is known of the place of a missing file, one clause each.

    `first_seen` is the first end of the container, `noticed_after` the seconds from there to the verdict.
    """

    kind: str
    sentence: str
    confidence: str
    chain: tuple[Link, ...] = ()
    module: str | None = None
    whereabouts: tuple[str, ...] = ()
    rule: str | None = None
    exit_code: str | None = None
    frequency: str | None = None
    deterministic: bool = False
    first_seen: datetime | None = None
    noticed_after: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of a check. The three whereabouts are yes, no or unknown."""

    step: str
    severity: str
    code: str
    message: str
    place: str = ""
    module: str | None = None
    in_commit: str = "unknown"
    in_context: str = "unknown"
    in_image: str = "unknown"
    rule: str | None = None
    fix: str | None = None
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact of two releases; None where it is not known."""

    what: str
    before: str | None
    now: str | None

    @property
    def changed(self) -> bool | None:
        return None if self.before is None or self.now is None else self.before != self.now


@dataclass(frozen=True, slots=True)
class Comparison:
    """With the last successful release. `files`, `packages` and `settings` are lines such as "added: x"."""

    with_release: str | None
    facts: tuple[Difference, ...] = ()
    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """Who served what share from `start` to `end`. `shares` is None where that is not known."""

    start: datetime
    end: datetime
    shares: tuple[tuple[str, int], ...] | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests to one revision in one step. Latencies are seconds."""

    step: str
    revision: str
    role: str  # candidate or stable
    whose: Whose
    requests: int
    errors: int
    quantiles: tuple[tuple[str, float], ...] = ()
    attempts: tuple[tuple[float, float, bool], ...] = ()  # (since the first, seconds, good)


@dataclass(frozen=True, slots=True)
class Impact:
    """`users` is what users noticed, in sentences; what could not be learned is said among them."""

    users: tuple[str, ...]
    periods: tuple[Period, ...] = ()
    measured: tuple[Measured, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`command` is typed as it stands; without one, `why` says what a person does."""

    command: str
    why: str = ""

    @property
    def line(self) -> str:
        """Both in one line, the command first."""
        return f"{self.command}   # {self.why}" if self.command and self.why else self.command or self.why


@dataclass(frozen=True, slots=True)
class LogRow:
    at: datetime | None
    source: str
    text: str
    telling: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """`lines` are the lines the cause was read from; `log` is the excerpt around them, of `log_lines` in all."""

    lines: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    log: tuple[LogRow, ...] = ()
    log_lines: int = 0
    build_log: tuple[str, ...] = ()
    ends: tuple[datetime, ...] = ()  # of the container, as the platform reported them


@dataclass(frozen=True, slots=True)
class Standing:
    """Status and risk. `risk` is none, low, medium or high, for the reasons given."""

    serving: str
    risk: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    subject: Subject
    headline: str
    summary: tuple[str, ...]
    steps: tuple[StepRow, ...]
    timeline: tuple[Moment, ...]
    cause: RootCause | None
    findings: tuple[Found, ...]
    comparison: Comparison
    impact: Impact
    recommendations: tuple[Recommendation, ...]
    proof: Proof
    standing: Standing
    gaps: tuple[str, ...]
    made: datetime
    zone: str  # IANA name, or an offset, of the local times shown
