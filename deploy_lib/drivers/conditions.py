"""Conditions of Cloud Run's resources in the project's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deploy_lib.drivers.times import plain_time
from deploy_lib.model.evidence import Condition

if TYPE_CHECKING:
    from google.cloud import run_v2


def conditions_of(found: Iterable[run_v2.Condition]) -> tuple[Condition, ...]:
    """Cloud Run's conditions as values of the model, in their order.

    Their meaning: https://cloud.google.com/run/docs/reference/rest/v2/Condition
    """
    return tuple(_condition(each) for each in found)


def ready(found: Iterable[Condition]) -> Condition | None:
    """The summing-up condition; None before Cloud Run has looked."""
    return next((each for each in found if each.type == "Ready"), None)


def why_failed(found: Iterable[Condition]) -> str | None:
    """What Cloud Run says when the resource is not ready and will not become so; None when it may be or become."""
    summary = ready(found)
    if summary is None or not summary.failed:
        return None
    return summary.message or summary.reason or "it is not ready"


def _condition(found: run_v2.Condition) -> Condition:
    # Three enums share one place, and an unset proto-plus member of a oneof reads as its zero.
    reason = next((found_in.name for found_in in _reasons(found)), "")
    return Condition(
        found.type_,
        found.state.name,
        reason,
        found.message,
        found.severity.name if found.severity else "",
        plain_time(found.last_transition_time),
    )


def _reasons(found: run_v2.Condition) -> Iterable[run_v2.Condition.CommonReason | run_v2.Condition.RevisionReason]:
    if "reason" in found:
        yield found.reason
    if "revision_reason" in found:
        yield found.revision_reason
