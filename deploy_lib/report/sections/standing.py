"""Status and risk: what serves now, and how much may still go wrong, with the reasons for saying so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.model.findings import Severity
from deploy_lib.model.journal import Asked, Entry, LeaseHeld, RestoreAnswered
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Status
from deploy_lib.report.model import Standing, Subject
from deploy_lib.report.sections.cause import found
from deploy_lib.report.sections.subject import ending, last_verdicts
from deploy_lib.steps.kind import counted

_ORDER = ("none", "low", "medium", "high")


def read(entries: Sequence[Entry], subject: Subject) -> Standing:
    """The worst of the reasons decides the risk."""
    stopped = ending(entries)
    unended = "not known: the release is still running" if subject.running else "not known: the journal has no ending"
    serving = stopped.serving if stopped else unended
    reasons = list(_reasons(entries, subject))
    risk = max((level for level, _ in reasons), key=_ORDER.index, default="none")
    return Standing(serving, risk, tuple(reason for _, reason in reasons))


def _reasons(entries: Sequence[Entry], subject: Subject) -> Iterator[tuple[str, str]]:
    stopped = ending(entries)
    restored = next((entry for entry in reversed(entries) if isinstance(entry, RestoreAnswered)), None)
    moved = any(isinstance(entry, Asked) and entry.moves_traffic for entry in entries)
    if not entries:
        yield "high", "nothing is known of this release: there is no journal"
        return
    if restored is not None and not restored.whole:
        yield "high", f"the earlier traffic is not back in place: {restored.reason}"
    if stopped is None:
        level = "high" if moved else "medium"
        left = "the release is still running; its own client puts back what goes wrong"
        gone = "the release has not ended; the next deployer repairs first what it left"
        yield ("medium", left) if subject.running else (level, gone)
    elif stopped.outcome is Outcome.HELD:
        yield "high", "the release is held: a person must decide, and the candidate may have users meanwhile"
    elif stopped.outcome is Outcome.UNKNOWN:
        yield "medium", "something could not be found out, so the service may not be as this report says"
    elif stopped.outcome.is_good:
        yield from _good(entries, subject)
    elif moved and restored is None:
        yield "medium", "the traffic had moved and no restore is recorded"
    else:
        kept = any(isinstance(entry, LeaseHeld) for entry in entries)
        yield "low", "users are served as before" if kept else "the service was not touched"
    cause = found(entries)
    if cause is not None and cause.deterministic and stopped is not None and not stopped.outcome.is_good:
        yield "low", "the same commit would fail again in the same way"


def _good(entries: Sequence[Entry], subject: Subject) -> Iterator[tuple[str, str]]:
    unsure = [judged for judged in last_verdicts(entries) if judged.status is Status.INCONCLUSIVE]
    skipped = [judged for judged in last_verdicts(entries) if judged.status is Status.SKIPPED]
    warnings = sum(
        finding.severity is Severity.WARNING for judged in last_verdicts(entries) for finding in judged.findings
    )
    if subject.first:
        yield "medium", "there is no earlier revision to go back to"
    for judged in unsure:
        yield "medium", f"{judged.label} gave no clear answer: {judged.reason}"
    for judged in skipped:
        yield "low", f"{judged.label} was skipped: {judged.reason}"
    if warnings:
        yield "low", f"the checks gave {counted(warnings, 'warning')}"
