"""Status and risk: what serves now, and how much may still go wrong, with the reasons for saying so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_lib.model.counting import counted
from deploy_lib.model.findings import Severity
from deploy_lib.model.journal_queries import ending, last_lease, last_restore, traffic_moves_asked
from deploy_lib.model.outcome import Outcome, Tone
from deploy_lib.model.release import Status
from deploy_lib.report.blocks import Block, Lines, Piece, Table
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts

_TONES: dict[str, Tone] = {"none": "good", "low": "good", "medium": "unsure", "high": "bad"}
_ORDER = tuple(_TONES)


@dataclass(frozen=True, slots=True)
class StatusAndRisk:
    """`risk` is none, low, medium or high, for the reasons given."""

    serving: str
    risk: str
    reasons: tuple[str, ...] = ()


def read(facts: ReleaseFacts) -> StatusAndRisk:
    """The worst of the reasons decides the risk."""
    unended = "the release is still running" if facts.subject.running else "the journal here has no ending"
    told = facts.ending or ending(facts.rollback)
    serving = told.serving if told else f"not told by a journal: {unended}; status reads it"
    reasons = list(_reasons(facts))
    risk = max((level for level, _ in reasons), key=_ORDER.index, default="none")
    return StatusAndRisk(serving, risk, tuple(reason for _, reason in reasons))


def blocks(found: StatusAndRisk) -> Iterator[Block]:
    yield Table((("serving", found.serving), ("risk", Piece(found.risk, _TONES[found.risk]))), short=True)
    if found.reasons:
        yield Lines(found.reasons)


def _reasons(facts: ReleaseFacts) -> Iterator[tuple[str, str]]:
    entries, stopped, subject = facts.entries, facts.ending, facts.subject
    restored = last_restore(entries)
    moved = bool(traffic_moves_asked(entries))
    if not entries:
        yield "high", "nothing is known of this release: there is no journal"
        return
    if restored is not None and not restored.whole:
        yield "high", f"the earlier traffic is not back in place: {restored.reason}"
    if stopped is None and facts.undone is not None:
        at = f" at {facts.undone.ended:%H:%M:%S} UTC" if facts.undone.ended else ""
        yield "low", f"{facts.undone.id} put back what served before{at}; the release did not end by itself"
    elif stopped is None:
        left = "the release is still running; its own client puts back what goes wrong"
        gone = "the journal here ends without an ending; status tells what became of the release"
        yield "medium", left if subject.running else gone
    elif stopped.outcome is Outcome.HELD:
        yield "high", "the release is held: a person must decide, and the candidate may have users meanwhile"
    elif stopped.outcome is Outcome.UNKNOWN:
        yield "medium", "something could not be found out, so the service may not be as this report says"
    elif stopped.outcome.is_good:
        yield from _good(facts)
    elif moved and restored is None:
        yield "medium", "the traffic had moved and no restore is recorded"
    else:
        touched = last_lease(entries) is not None
        yield "low", "users are served as before" if touched else "the service was not touched"
    cause = facts.cause
    if cause is not None and cause.deterministic and stopped is not None and not stopped.outcome.is_good:
        yield "low", "the same commit would fail again in the same way"


def _good(facts: ReleaseFacts) -> Iterator[tuple[str, str]]:
    if facts.subject.first:
        yield "medium", "there is no earlier revision to go back to"
    for judged in facts.last_verdicts:
        if judged.status is Status.INCONCLUSIVE:
            yield "medium", f"{judged.label} gave no clear answer: {judged.reason}"
    for judged in facts.last_verdicts:
        if judged.status is Status.SKIPPED:
            yield "low", f"{judged.label} was skipped: {judged.reason}"
    found = (finding for judged in facts.last_verdicts for finding in judged.findings)
    warnings = sum(finding.severity is Severity.WARNING for finding in found)
    if warnings:
        yield "low", f"the checks gave {counted(warnings, 'warning')}"


SECTION = Section("standing", "Status and risk", read, blocks)
