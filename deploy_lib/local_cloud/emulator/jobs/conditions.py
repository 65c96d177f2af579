"""Conditions of jobs, executions and tasks, and the sentences in them. Pure.

Types and reasons are those of google.cloud.run_v2.Condition; sentences are from
https://cloud.google.com/run/docs/troubleshooting#job-failures and public reports. That a cancelled execution's
sentence is this one is assumed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from google.cloud.run_v2.types import Condition

from ..run import conditions as common

condition = common.condition
_State, _Why = Condition.State, Condition.ExecutionReason
PENDING, RUNNING = _State(_State.CONDITION_PENDING), _State(_State.CONDITION_RECONCILING)
SUCCEEDED, FAILED = _State(_State.CONDITION_SUCCEEDED), _State(_State.CONDITION_FAILED)
NON_ZERO, CANCELLED = _Why(_Why.NON_ZERO_EXIT_CODE), _Why(_Why.CANCELLED)
COMPLETED, PARTS = "Completed", ("ResourcesAvailable", "Started", "ContainerReady")
EXITED = "The container exited with an error."
TIMED_OUT = "The configured timeout was reached."
UNKNOWN = "How the container ended is not known."
WAS_CANCELLED = "The execution was cancelled."
OUT_OF_MEMORY = "The container was killed: its memory limit was exceeded."


def all_of(completed: Condition, started: bool, at: datetime.datetime) -> list[Condition]:
    """Completed and the parts before it."""
    return [completed, *(condition(part, SUCCEEDED if started else PENDING, at) for part in PARTS)]


def completed(conditions: Iterable[Condition]) -> Condition | None:
    return next((each for each in conditions if each.type_ == COMPLETED), None)


def task_failed(task: str, why: str) -> str:
    return f"Task {task} failed with message: {why}"
