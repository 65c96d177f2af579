"""Conditions of services and revisions, as Cloud Run v2 reports them. Pure.

Types, states and reasons are those of google.cloud.run_v2.Condition; which of them stand together in a failed
revision is as captured from the real one: Ready and the failed part False with one reason, the parts before it
True with messages and times of their own, Retry True with severity INFO.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from google.cloud.run_v2.types import Condition

_State, _Common, _Revision = Condition.State, Condition.CommonReason, Condition.RevisionReason
_SUCCEEDED, _FAILED = _State(_State.CONDITION_SUCCEEDED), _State(_State.CONDITION_FAILED)
_PENDING, _RECONCILING = _State(_State.CONDITION_PENDING), _State(_State.CONDITION_RECONCILING)
IMAGE, RESOURCES, HEALTH = "ContainerReady", "ResourcesAvailable", "ContainerHealthy"
"""The parts of a revision in the order Cloud Run works through them: import, provision, health check."""
_LISTED = (HEALTH, IMAGE, RESOURCES)

Reason = Condition.CommonReason | Condition.RevisionReason
CONTAINER_MISSING = _Common(_Common.CONTAINER_MISSING)
INTERNAL = _Common(_Common.INTERNAL)
NEVER_STARTED = _Revision(_Revision.HEALTH_CHECK_CONTAINER_ERROR)
SECRETS_REFUSED = _Common(_Common.SECRETS_ACCESS_CHECK_FAILED)
NETWORK_MISSING = _Common(_Common.VPC_NETWORK_NOT_FOUND)
_ACTIVE, _RETIRED = "Active", _Revision(_Revision.RETIRED)
_RETRY = "System will retry after 00:00 from lastTransitionTime for attempt 0."


@dataclass(frozen=True, slots=True)
class ConditionFailure:
    """Why a revision is not ready. `part` is the condition that failed."""

    part: str
    reason: Reason
    message: str


def condition(
    kind: str,
    state: Condition.State,
    at: datetime.datetime,
    message: str = "",
    reason: Reason | Condition.ExecutionReason | None = None,
) -> Condition:
    found = Condition(type_=kind, state=state, message=message, last_transition_time=at)
    if isinstance(reason, Condition.RevisionReason):
        found.revision_reason = reason
    elif isinstance(reason, Condition.ExecutionReason):
        found.execution_reason = reason
    elif reason is not None:
        found.reason = reason
    if state == _FAILED:
        found.severity = Condition.Severity(Condition.Severity.ERROR)
    return found


def begun(at: datetime.datetime) -> list[Condition]:
    """Of a revision on which work begins."""
    return [
        condition("Ready", _RECONCILING, at, message="Deploying Revision.", reason=_Revision(_Revision.PENDING)),
        *(condition(name, _PENDING, at) for name in _LISTED),
    ]


def with_part(found: Iterable[Condition], part: str, message: str, at: datetime.datetime) -> list[Condition]:
    """One part of the work is done. Each part keeps the time and the sentence of its own end."""
    passed = condition(part, _SUCCEEDED, at, message)
    return [passed if each.type_ == part else each for each in found]


def with_end(found: Iterable[Condition], at: datetime.datetime) -> list[Condition]:
    """The revision is ready; Active comes with the traffic."""
    return [condition("Ready", _SUCCEEDED, at), *(each for each in found if each.type_ in _LISTED)]


def with_traffic(found: Iterable[Condition], led_to: bool, at: datetime.datetime) -> list[Condition]:
    """Of a revision that is ready: Active while a share or a tag leads to it, afterwards retired [report: captures of
    v1 of 2023; that its other conditions become unknown too is left out]."""
    rest = [each for each in found if each.type_ != _ACTIVE]
    was = next((each.state == _SUCCEEDED for each in found if each.type_ == _ACTIVE), None)
    if was is led_to or (was is None and not led_to):
        return list(found)
    if led_to:
        active = condition(_ACTIVE, _SUCCEEDED, at)
    else:
        active = condition(_ACTIVE, _FAILED, at, "Revision retired.", _RETIRED)
    active.severity = Condition.Severity(Condition.Severity.INFO)
    ready = condition("Ready", _SUCCEEDED, rest[0].last_transition_time, reason=None if led_to else _RETIRED)
    return [ready, active, *rest[1:]]


def with_failure(found: Iterable[Condition], failure: ConditionFailure, at: datetime.datetime) -> list[Condition]:
    """The failed part and Ready say the same at the same time; what follows the failed part stays pending."""
    old = {each.type_: each for each in found}
    bad = condition(failure.part, _FAILED, at, failure.message, failure.reason)
    parts = [bad if name == failure.part else old.get(name) or condition(name, _PENDING, at) for name in _LISTED]
    since = max((each.last_transition_time for each in parts if each.state == _SUCCEEDED), default=at)
    retry = condition("Retry", _SUCCEEDED, since, _RETRY, _Common(_Common.IMMEDIATE_RETRY))
    retry.severity = Condition.Severity(Condition.Severity.INFO)
    return [condition("Ready", _FAILED, at, failure.message, failure.reason), *parts, retry]


def accepted(before: Condition) -> Condition:
    """Ready of a service that was just written: its time is that of the last end, of a new one it has neither."""
    found = Condition(state=_PENDING)
    if before.type_:
        found.type_, found.last_transition_time = before.type_, before.last_transition_time
    return found


def kept(old: Iterable[Condition], new: Condition) -> Condition:
    """`new`, with the time of the old one of its type when its state is the same."""
    for before in old:
        if (before.type_, before.state) == (new.type_, new.state):
            new.last_transition_time = before.last_transition_time
    return new


def ready(at: datetime.datetime) -> Condition:
    return condition("Ready", _SUCCEEDED, at)


def failed(kind: str, message: str, at: datetime.datetime, reason: Reason | None = None) -> Condition:
    return condition(kind, _FAILED, at, message, reason)


def passed(kind: str, at: datetime.datetime) -> Condition:
    return condition(kind, _SUCCEEDED, at)


def is_ready(conditions: Iterable[Condition]) -> bool:
    return any(found.type_ == "Ready" and found.state == _SUCCEEDED for found in conditions)


def failure_of(conditions: Iterable[Condition]) -> str | None:
    """The message of a revision's failure; None when it has not failed."""
    return next((found.message for found in conditions if found.type_ == "Ready" and found.state == _FAILED), None)


def ended_at(conditions: Iterable[Condition]) -> datetime.datetime | None:
    """When a revision became ready or failed; None while it is under way."""
    over = (found for found in conditions if found.type_ == "Ready" and found.state in (_SUCCEEDED, _FAILED))
    return next((found.last_transition_time for found in over), None)
