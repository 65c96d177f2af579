"""The critical findings: the steps that did not pass, with what was answered to them, and what they found; for each
file, whether it is in the commit, in the context and in the image, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_lib.diagnose.merge_findings import whereabouts
from deploy_lib.model.cause import Cause, Presence, Whereabouts
from deploy_lib.model.findings import Finding, Severity, with_place
from deploy_lib.model.journal import Judged
from deploy_lib.model.outcome import Tone
from deploy_lib.model.release import Status
from deploy_lib.model.shell_commands import shown_fix
from deploy_lib.report import answers
from deploy_lib.report.blocks import Column, Piece, Table, Text, columns, literal
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.ADVICE: 2}
_SEVERITY: dict[str, Tone] = {"error": "bad", "warning": "unsure"}
_THERE: dict[Presence, Tone] = {Presence.YES: "good", Presence.NO: "bad"}
COLUMNS = (
    *columns("Severity", "Commit", "Context", "Image", "Finding"),
    *columns("Rule", "Fix", "Found by", kind="detail"),
)
STEPS = (*columns("Severity", "Step", "Finding"), Column("Answers", "detail"))


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding of a check."""

    step: str
    severity: str
    code: str
    message: str
    place: str = ""
    module: str | None = None
    in_commit: Presence = Presence.UNKNOWN
    in_context: Presence = Presence.UNKNOWN
    in_image: Presence = Presence.UNKNOWN
    rule: str | None = None
    fix: str | None = None
    chain: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()  # to the requests of a step that failed


STEP = "step"
"""The code of a row that is about a step itself, which failed or was unclear and has no finding that says why."""
_UNSURE = {Status.FAILED: "error", Status.ERRORED: "warning", Status.INCONCLUSIVE: "warning"}


def read(facts: ReleaseFacts) -> tuple[FindingRow, ...]:
    """Errors first. What the diagnosis learned of its module stands among them when no check had found it."""
    pairs = [(judged.label, finding) for judged in facts.last_verdicts for finding in judged.findings]
    pairs.sort(key=lambda pair: _ORDER[pair[1].severity])
    found = list(dict.fromkeys(_found(step, finding, finding.place, whereabouts(finding)) for step, finding in pairs))
    learned = _learned(facts.diagnosed.cause) if facts.diagnosed else None
    if learned and not any(row.module == learned.module and row.severity == "error" for row in found):
        found.insert(0, learned)
    return (*_steps(facts.last_verdicts), *found)


def _steps(last_verdicts: Sequence[Judged]) -> Iterator[FindingRow]:
    """Those that did not pass; not those whose own findings say why."""
    for judged in last_verdicts:
        severity = _UNSURE.get(judged.status)
        if severity is None or any(each.severity is Severity.ERROR for each in judged.findings):
            continue
        given = tuple(map(str, answers.read(judged)))
        yield FindingRow(judged.label, severity, STEP, judged.reason, answers=given)


def blocks(findings: Sequence[FindingRow]) -> Iterator[Table]:
    steps = tuple(each for each in findings if each.code == STEP)
    others = tuple(each for each in findings if each.code != STEP)
    if steps:
        rows = ((_severity(each), each.step, each.message, "; ".join(each.answers)) for each in steps)
        yield Table(tuple(rows), STEPS)
    if others:
        yield Table(tuple(map(_row, others)), COLUMNS)


def _row(found: FindingRow) -> tuple[Text, ...]:
    return (
        _severity(found),
        _there(found.in_commit),
        _there(found.in_context),
        _there(found.in_image),
        with_place(found.message, found.place),
        literal(found.rule or ""),
        literal(found.fix or ""),
        found.step,
    )


def _severity(found: FindingRow) -> Piece:
    return Piece(found.severity, _SEVERITY.get(found.severity, "plain"))


def _there(answer: Presence) -> Piece:
    return Piece(answer, _THERE.get(answer, "plain"))


def _found(step: str, finding: Finding, place: str, places: Whereabouts) -> FindingRow:
    return FindingRow(
        step=step,
        severity=finding.severity.value,
        code=finding.code,
        message=finding.message,
        place=place,
        module=finding.module,
        in_commit=places.in_commit,
        in_context=places.in_context,
        in_image=places.in_image,
        rule=finding.rule,
        fix=shown_fix(finding.fix) if finding.fix else None,
        chain=finding.chain,
    )


def _learned(cause: Cause) -> FindingRow | None:
    """What the diagnosis knows of the place of a file, as a separate finding."""
    if cause.whereabouts is None or cause.whereabouts.in_image is Presence.UNKNOWN:
        return None
    places = cause.whereabouts
    finding = Finding(
        cause.kind,
        Severity.ERROR,
        cause.sentence,
        module=cause.module,
        rule=places.rule,
        fix=cause.commands[0] if cause.commands else None,
        chain=tuple(f"{link.module} ({link.file}:{link.line})" for link in cause.chain),
    )
    return _found("diagnosis", finding, places.file, places)


SECTION = Section("findings", "Critical findings", read, blocks, empty="No check found anything.")
