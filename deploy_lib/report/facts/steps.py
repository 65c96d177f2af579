"""The steps of the plan: what each said, when, and which were never reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy_lib.model.findings import Severity
from deploy_lib.model.journal import Asked, Entry, Judged
from deploy_lib.model.journal_queries import planned_steps
from deploy_lib.model.release import Status, StatusWords
from deploy_lib.model.shell_commands import shown_fix
from deploy_lib.report.facts.subject import Subject

UNANSWERED, NOT_RUN = "unanswered", "not run"
_WORDS = {
    **{status.value: status.words for status in Status},
    UNANSWERED: StatusWords("no verdict", "has no verdict", "unsure", "error"),
    NOT_RUN: StatusWords("not run", "did not run", "plain", "skipped"),
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """`status` is that of a verdict, or unanswered, or not run. `began` is seconds since the start of the release."""

    label: str
    kind: str
    status: str
    reason: str = ""
    at: datetime | None = None
    began: float | None = None
    seconds: float | None = None
    details: tuple[str, ...] = ()  # what the step found and no section says
    problems: tuple[str, ...] = ()  # its findings that are errors, each with its fix

    @property
    def words(self) -> StatusWords:
        return _WORDS[self.status]


def read(entries: Sequence[Entry], subject: Subject) -> tuple[StepRow, ...]:
    """One row per step of the plan as last started; the last verdict on a step counts."""
    plan = enumerate(planned_steps(entries))
    rows = {index: StepRow(label, label.partition(" ")[0], NOT_RUN) for index, label in plan}
    for entry in entries:
        match entry:
            case Asked():
                began = subject.since_start(entry.at)
                rows[entry.step] = StepRow(entry.label, entry.kind, UNANSWERED, at=entry.at, began=began)
            case Judged():
                rows[entry.step] = _judged(entry, subject)
    return tuple(rows[index] for index in sorted(rows))


def _judged(entry: Judged, subject: Subject) -> StepRow:
    at = entry.at - timedelta(seconds=entry.seconds)
    began = max(0.0, subject.since_start(at) or 0.0) if subject.started else None
    details = tuple(entry.details.lines()) if entry.details else ()
    problems = tuple(
        f"{each.message}\n  fix: {shown_fix(each.fix)}" if each.fix else each.message
        for each in entry.findings
        if each.severity is Severity.ERROR
    )
    status = entry.status.value
    return StepRow(entry.label, entry.kind, status, entry.reason, at, began, entry.seconds, details, problems)
