"""What was seen of a job's execution, and of the approval that a release waits for."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime

from deploy_lib.model.approval import Approval
from deploy_lib.model.evidence import LogLine


class JobState(enum.StrEnum):
    """How far an execution is. CANCELLED is by whomever, GONE is deleted before its end was seen."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"

    @property
    def is_over(self) -> bool:
        """It will not change any more."""
        return self is not JobState.RUNNING


@dataclass(frozen=True, slots=True)
class JobSeen:
    """One look at an execution. `message` is Cloud Run's on its end, `lines` are the last of its log, oldest first; of
    one with several tasks, of which `tasks` tells, once it has failed those of the task whose exit code it is.

    `fresh`: the look brought lines. `undo`: it is of the rollback command, and `undone` the end of what that takes
    back. `ran` False: its job was changed, or not, and nothing was executed; `update` names the change of a job that is
    released by itself. Since `over_since` it is over; seconds count from the first look at this execution.
    """

    name: str
    state: JobState
    exit_code: int | None = None
    message: str = ""
    lines: tuple[LogLine, ...] = ()
    fresh: bool = False
    timed_out: bool = False
    undo: bool = False
    undone: JobSeen | None = None
    seconds: float = 0.0
    over_since: float = 0.0
    began: float = 0.0
    ran: bool = True
    update: str = ""
    tasks: str = ""

    def following(self, earlier: JobSeen | None, seconds: float) -> JobSeen:
        same = earlier if earlier is not None and earlier.undo == self.undo else None
        began = same.began if same is not None else seconds
        over = same is not None and same.state is self.state
        return replace(
            self,
            began=began,
            seconds=seconds - began,
            over_since=same.over_since if same is not None and over else seconds - began,
            timed_out=self.timed_out or (same is not None and same.timed_out),
            undone=same.undone if same is not None else earlier,
        )


@dataclass(frozen=True, slots=True)
class ApprovalSeen:
    """One look for an approval at `now`; the question stands since `since`, with that share of users."""

    since: datetime
    now: datetime
    share: int = 0
    approval: Approval | None = None
    seconds: float = 0.0

    def following(self, earlier: ApprovalSeen | None, seconds: float) -> ApprovalSeen:
        return replace(self, seconds=seconds)
