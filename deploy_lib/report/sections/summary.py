"""The executive summary: what happened, in sentences that need no other section to be understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.model.cause import Confidence
from deploy_lib.model.journal import Entry
from deploy_lib.report.model import Impact, RootCause, StepRow, Subject
from deploy_lib.report.sections.subject import ending
from deploy_lib.steps.kind import format_duration


def headline(entries: Sequence[Entry], subject: Subject) -> str:
    """One clause: the service, and how its release ended."""
    stopped = ending(entries)
    name = f"{subject.service or 'the release'} {subject.commit[:7]}".strip()
    if not entries:
        return f"nothing is known of release {subject.id or '(no id)'}"
    unended = "is still running" if subject.running else "has not ended"
    return f"{name} {stopped.outcome.words.headline if stopped else unended}"


def read(
    entries: Sequence[Entry], subject: Subject, steps: Sequence[StepRow], cause: RootCause | None, impact: Impact
) -> tuple[str, ...]:
    return tuple(_sentences(entries, subject, steps, cause, impact))


def _sentences(
    entries: Sequence[Entry], subject: Subject, steps: Sequence[StepRow], cause: RootCause | None, impact: Impact
) -> Iterator[str]:
    stopped = ending(entries)
    if not entries:
        yield "There is no journal of this release, so this report can only say that."
        return
    took = f" after {format_duration(subject.seconds)}" if subject.seconds is not None and subject.seconds >= 0 else ""
    who = f" by {subject.holder}" if subject.holder else ""
    yield f"Commit {subject.commit[:12]} of {subject.service} was released to {subject.project}{who}."
    if stopped is None:
        last = next((step for step in reversed(steps) if step.status != "not run"), None)
        where = f"; its last known step is {last.label} ({last.status})" if last else ""
        yield f"{'It is still running' if subject.running else 'The journal ends without an ending'}{where}."
    else:
        yield f"{stopped.outcome.words.sentence}{took}: {stopped.reason}."
    if cause is not None:
        sure = "" if cause.confidence is Confidence.CERTAIN else f" ({cause.confidence})"
        yield f"Cause{sure}: {cause.sentence}."
        if cause.frequency:
            yield f"Seen: {cause.frequency}."
        if cause.noticed_after is not None:
            after = format_duration(cause.noticed_after)
            yield f"The verdict came {after} after the container ended for the first time."
    yield from impact.users
