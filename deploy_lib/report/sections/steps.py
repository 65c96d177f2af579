"""The steps of the plan: what each said, when, and which were never reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from deploy_lib.model.journal import Asked, Entry, Judged, Started
from deploy_lib.report.model import StepRow, Subject


def read(entries: Sequence[Entry], subject: Subject) -> tuple[StepRow, ...]:
    """One row per step of the plan as last started; the last verdict on a step counts."""
    plan = next((entry.steps for entry in reversed(entries) if isinstance(entry, Started) and entry.steps), ())
    rows = {index: StepRow(label, label.partition(" ")[0], "not run") for index, label in enumerate(plan)}
    for entry in entries:
        match entry:
            case Asked():
                began = (entry.at - subject.started).total_seconds() if subject.started else None
                rows[entry.step] = StepRow(entry.label, entry.kind, "unanswered", at=entry.at, began=began)
            case Judged():
                rows[entry.step] = _judged(entry, subject)
    return tuple(rows[index] for index in sorted(rows))


def _judged(entry: Judged, subject: Subject) -> StepRow:
    at = entry.at - timedelta(seconds=entry.seconds)
    began = max(0.0, (at - subject.started).total_seconds()) if subject.started else None
    told = tuple(entry.details.lines()) if entry.details else ()
    return StepRow(entry.label, entry.kind, entry.status.value, entry.reason, at, began, entry.seconds, told)
