"""The executive summary: what happened, in sentences that need no other section to be understood."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.model.cause import Confidence
from deploy_lib.report.blocks import Lines
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts
from deploy_lib.report.facts.steps import NOT_RUN
from deploy_lib.report.formatting import duration


def sentences(facts: ReleaseFacts) -> Iterator[str]:
    stopped, subject, cause = facts.ending, facts.subject, facts.root_cause
    if not facts.entries:
        yield "There is no journal of this release, so this report can only say that."
        return
    who = f" by {subject.holder}" if subject.holder else ""
    yield f"Commit {subject.commit[:12]} of {subject.service} was released to {subject.project}{who}."
    if stopped is None:
        last = next((step for step in reversed(facts.steps) if step.status != NOT_RUN), None)
        where = f"; its last known step is {last.label} ({last.status})" if last else ""
        yield f"{'It is still running' if subject.running else 'The journal ends without an ending'}{where}."
    else:
        known = subject.seconds is not None and subject.seconds >= 0
        took = f" after {duration(subject.seconds)}" if known else ""
        yield f"{stopped.outcome.words.sentence}{took}: {stopped.reason}."
    if cause is not None:
        sure = "" if cause.confidence is Confidence.CERTAIN else f" ({cause.confidence})"
        if stopped is None or cause.sentence not in stopped.reason:
            yield f"Cause{sure}: {cause.sentence}."
        if cause.frequency:
            yield f"Seen: {cause.frequency}."
        if cause.noticed_after is not None:
            yield f"The verdict came {duration(cause.noticed_after)} after the container ended for the first time."
    yield from facts.impact.users


def read(facts: ReleaseFacts) -> tuple[str, ...]:
    return tuple(sentences(facts))


def blocks(summary: tuple[str, ...]) -> Iterator[Lines]:
    yield Lines(summary, short=True)


SECTION = Section("summary", "Executive summary", read, blocks)
