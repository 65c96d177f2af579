"""The entries of one release's journal: Asked before an effect, Judged after it, and how it ended.

The journal is written as JSON lines and read back to resume; the report is made from it alone. An Asked without
its Judged is a request whose answer is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deploy_lib.model.cause import Cause
from deploy_lib.model.details import Details
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.findings import Finding
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.program import Invocation
from deploy_lib.model.release import Release, Status
from deploy_lib.model.traffic import TrafficMap


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins, for the first time or (`resumed`) again."""

    at: datetime
    release: Release
    steps: tuple[str, ...]  # labels in order, e.g. "promote 10 %"
    config: str = ""
    holder: str = ""
    resumed: bool = False
    program: Invocation | None = None  # how this tool was typed; None in journals of earlier versions
    freeze: str = ""  # the freeze in force, as a clause: one that the release overrides, or that does not stop it
    type: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class LeaseHeld:
    """The service is ours from here on; `release` knows what restoring puts back, `bad` the digests that failed.

    `by_hand` says what somebody changed since the last release ended; empty where nothing was.
    """

    at: datetime
    release: Release
    until: datetime
    bad: tuple[str, ...] = ()
    by_hand: str = ""
    over_hold: str = ""  # whose hold it was taken over, and why that was there
    type: Literal["lease"] = "lease"


@dataclass(frozen=True, slots=True)
class LeaseRefused:
    """Someone else deploys this service (`busy`), its image failed before, or it could not be found out (`errored`)."""

    at: datetime
    reason: str
    remedy: str = ""
    errored: bool = False
    busy: bool = False
    on_hold: bool = False  # a person keeps the service as it is
    frozen: bool = False  # its configuration says that nothing is released at this time
    type: Literal["lease_refused"] = "lease_refused"


@dataclass(frozen=True, slots=True)
class Adopted:
    """A release begun elsewhere goes on here without its journal, as the service's annotations tell.

    Steps before `step` passed; `moved` says that the candidate has traffic; `unanswered` that a traffic move was
    asked for and its answer is not known; `traffic` is the map that it, or the last answered one, asked for.
    """

    at: datetime
    release: Release
    step: int
    moved: bool = False
    unanswered: bool = False
    traffic: TrafficMap | None = None
    type: Literal["adopted"] = "adopted"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request is about to be made; `target` is the traffic that it asks for."""

    at: datetime
    step: int  # index in the plan
    kind: str
    label: str
    moves_traffic: bool = False
    target: TrafficMap | None = None
    type: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on the answer, and what is known of the release since."""

    at: datetime
    step: int
    kind: str
    label: str
    status: Status
    reason: str
    release: Release
    seconds: float
    findings: tuple[Finding, ...] = ()
    details: Details | None = None  # of the type that the step's kind records
    conflict: bool = False
    untouched: bool = False  # what was asked for surely had no effect
    hold: bool = False  # a person must decide what follows, whatever the policy of the plan is
    type: Literal["judged"] = "judged"


@dataclass(frozen=True, slots=True)
class ReleaseInterrupted:
    """By a signal, or (`errored`) because the release could not be written down any more."""

    at: datetime
    by: str
    errored: bool = False
    type: Literal["interrupted"] = "interrupted"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A release that went well is taken back, because another of its group did not; with `hold` a person decides."""

    at: datetime
    why: str
    hold: bool = False
    type: Literal["withdrawn"] = "withdrawn"


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """Why the release failed, and what that was read from."""

    at: datetime
    cause: Cause
    evidence: Evidence
    type: Literal["diagnosed"] = "diagnosed"


@dataclass(frozen=True, slots=True)
class GoingBack:
    """What a rollback will do: `target` is put back instead of `now`, and `why` says what it is. `there`: it serves."""

    at: datetime
    target: TrafficMap
    now: TrafficMap
    why: str
    there: bool = False
    notes: tuple[str, ...] = ()
    type: Literal["going_back"] = "going_back"


@dataclass(frozen=True, slots=True)
class RestoreAsked:
    """The recorded traffic is about to be put back."""

    at: datetime
    target: TrafficMap
    why: str
    type: Literal["restore_asked"] = "restore_asked"


@dataclass(frozen=True, slots=True)
class RestoreAnswered:
    """`now` is what serves; None when that could not be found out."""

    at: datetime
    whole: bool
    now: TrafficMap | None
    reason: str = ""
    type: Literal["restore_answered"] = "restore_answered"


@dataclass(frozen=True, slots=True)
class TakeBackAsked:
    """What a step did is about to be taken back, as the release has failed after it: by its rollback command, say."""

    at: datetime
    step: int  # index in the plan
    label: str
    type: Literal["take_back_asked"] = "take_back_asked"


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What came of that; `whole`: it was taken back."""

    at: datetime
    step: int
    label: str
    whole: bool
    reason: str
    type: Literal["taken_back"] = "taken_back"


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last line. `serving` is in words; `next_commands` is what a person can type."""

    at: datetime
    outcome: Outcome
    reason: str
    serving: str
    next_commands: tuple[str, ...] = ()
    type: Literal["stopped"] = "stopped"


Entry = (
    Started
    | LeaseHeld
    | LeaseRefused
    | Adopted
    | Asked
    | Judged
    | ReleaseInterrupted
    | Withdrawn
    | Diagnosed
    | GoingBack
    | RestoreAsked
    | RestoreAnswered
    | TakeBackAsked
    | TakenBack
    | Stopped
)
