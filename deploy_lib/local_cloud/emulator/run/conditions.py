"""Conditions of services and revisions, as Cloud Run v2 reports them. Pure.

Types, states and reasons are those of google.cloud.run_v2.Condition; which of them stand together in a failed
revision is as captured from the real one: Ready and the failed part False with one reason, the parts before it
True, Retry True with severity INFO.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from google.cloud.run_v2 import Condition

_State, _Common, _Revision = Condition.State, Condition.CommonReason, Condition.RevisionReason
_SUCCEEDED, _FAILED = _State(_State.CONDITION_SUCCEEDED), _State(_State.CONDITION_FAILED)
_PENDING, _RECONCILING = _State(_State.CONDITION_PENDING), _State(_State.CONDITION_RECONCILING)
_PARTS = ("ResourcesAvailable", "ContainerReady", "ContainerHealthy")  # in the order Cloud Run works through them

Reason = Condition.CommonReason | Condition.RevisionReason
CONTAINER_MISSING = _Common(_Common.CONTAINER_MISSING)
INTERNAL = _Common(_Common.INTERNAL)
NEVER_STARTED = _Revision(_Revision.HEALTH_CHECK_CONTAINER_ERROR)
SECRETS_REFUSED = _Common(_Common.SECRETS_ACCESS_CHECK_FAILED)
NETWORK_MISSING = _Common(_Common.VPC_NETWORK_NOT_FOUND)


@dataclass(frozen=True, slots=True)
class ConditionFailure:
    """Why a revision is not ready. `part` is the condition that failed."""

    part: str
    reason: Reason
    message: str


def of_revision(failure: ConditionFailure | None, ready: bool, at: datetime.datetime) -> list[Condition]:
    """Neither failed nor ready: under way."""
    if failure is not None:
        return _of_failed(failure, at)
    if ready:
        return [_condition(name, _SUCCEEDED, at) for name in ("Ready", *_PARTS, "Active")]
    return [
        _condition("Ready", _RECONCILING, at, message="Deploying Revision.", reason=_Revision(_Revision.PENDING)),
        *(_condition(name, _PENDING, at) for name in _PARTS),
    ]


def _of_failed(failure: ConditionFailure, at: datetime.datetime) -> list[Condition]:
    found = [_condition("Ready", _FAILED, at, failure.message, failure.reason)]
    passed = True
    for name in _PARTS:
        if name == failure.part:
            found.append(_condition(name, _FAILED, at, failure.message, failure.reason))
            passed = False
        else:
            found.append(_condition(name, _SUCCEEDED if passed else _PENDING, at))
    retry = _condition("Retry", _SUCCEEDED, at, "System will retry after 0:00 from the last failure.")
    retry.severity = Condition.Severity(Condition.Severity.INFO)
    retry.reason = _Common(_Common.IMMEDIATE_RETRY)
    return [*found, retry]


def ready(at: datetime.datetime) -> Condition:
    return _condition("Ready", _SUCCEEDED, at)


def under_way(at: datetime.datetime, message: str) -> Condition:
    return _condition("Ready", _RECONCILING, at, message)


def failed(kind: str, message: str, at: datetime.datetime, reason: Reason | None = None) -> Condition:
    return _condition(kind, _FAILED, at, message, reason)


def passed(kind: str, at: datetime.datetime) -> Condition:
    return _condition(kind, _SUCCEEDED, at)


def pending(kind: str, at: datetime.datetime) -> Condition:
    return _condition(kind, _RECONCILING, at)


def is_ready(conditions: Iterable[Condition]) -> bool:
    return any(found.type_ == "Ready" and found.state == _SUCCEEDED for found in conditions)


def failure_of(conditions: Iterable[Condition]) -> str | None:
    """The message of a revision's failure; None when it has not failed."""
    return next((found.message for found in conditions if found.type_ == "Ready" and found.state == _FAILED), None)


def _condition(
    kind: str, state: Condition.State, at: datetime.datetime, message: str = "", reason: Reason | None = None
) -> Condition:
    found = Condition(type_=kind, state=state, message=message, last_transition_time=at)
    if isinstance(reason, Condition.RevisionReason):
        found.revision_reason = reason
    elif reason is not None:
        found.reason = reason
    if state == _FAILED:
        found.severity = Condition.Severity(Condition.Severity.ERROR)
    return found
