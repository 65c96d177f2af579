"""The evidence: the lines the cause was read from, the log around them, and the platform's own words."""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.diagnose import crash_loop
from deploy_lib.diagnose.log_rows import rows
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.journal import Entry
from deploy_lib.redact import Redactor
from deploy_lib.report.model import LogRow, Proof
from deploy_lib.report.sections.cause import found
from deploy_lib.report.sections.subject import diagnosis, verdicts

BEFORE, AFTER = 40, 12  # lines of log shown around the most telling one
BUILD_LINES = 30
SHORTEST_QUOTE = 12  # characters; a shorter line would match by chance


def read(entries: Sequence[Entry], redactor: Redactor) -> Proof:
    """Masked before it is cut, since a secret of several lines shows its beginning only in the first."""
    diagnosed, cause = diagnosis(entries), found(entries)
    evidence = diagnosed.evidence if diagnosed else Evidence()
    told = cause.evidence if cause else ()
    lines = rows(evidence.log)
    texts = redactor.lines(row.text for row in lines)
    begin, end, telling = _window([row.text for row in lines], told)
    return Proof(
        lines=told,
        conditions=tuple(_conditions(evidence)),
        log=tuple(
            LogRow(row.at, row.source, text, telling=number in telling)
            for number, (row, text) in enumerate(zip(lines, texts, strict=True))
            if begin <= number < end
        ),
        log_lines=len(lines),
        build_log=_build_log(entries),
        ends=tuple(end.at for end in crash_loop.ends(lines) if end.at is not None),
    )


def _window(texts: Sequence[str], told: Sequence[str]) -> tuple[int, int, set[int]]:
    """First and last line to show, and those among them that the cause quotes."""
    quoted = [clause for clause in (_quoted(line) for line in told) if len(clause) >= SHORTEST_QUOTE]
    telling = {number for number, text in enumerate(texts) if _tells(text.strip(), quoted)}
    centre = max(telling, default=len(texts) - 1)
    begin, end = max(0, centre - BEFORE), min(len(texts), centre + AFTER + 1)
    return begin, end, {number for number in telling if begin <= number < end}


def _tells(text: str, quoted: Sequence[str]) -> bool:
    """Whether the cause quotes this line; it may have shortened it or put a place before it."""
    return len(text) >= SHORTEST_QUOTE and any(clause in text or text in clause for clause in quoted)


def _quoted(line: str) -> str:
    """A line of the cause's evidence without the time it was given."""
    first, _, rest = line.strip().partition(" ")
    return rest if first[:1].isdigit() and first.endswith("Z") else line.strip()


def _conditions(evidence: Evidence) -> list[str]:
    told = [
        f"{condition.type}: {condition.state.removeprefix('CONDITION_').lower()}"
        + (f", {condition.reason}" if condition.reason else "")
        + (f": {condition.message}" if condition.message else "")
        for condition in evidence.conditions
        if condition.state != "CONDITION_SUCCEEDED"
    ]
    if evidence.operation_message:
        code = f" (code {evidence.operation_code})" if evidence.operation_code is not None else ""
        told.append(f"operation{code}: {evidence.operation_message}")
    return told


def _build_log(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The end of the build's log, when the build failed."""
    for judged in verdicts(entries):
        tail = judged.details.build_log() if judged.details else None
        if tail is not None:
            return tail[-BUILD_LINES:]
    return ()
