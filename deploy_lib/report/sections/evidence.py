"""The evidence: the lines the cause was read from, the log around them, and the platform's messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deploy_lib.model.evidence import Evidence
from deploy_lib.model.journal import Judged
from deploy_lib.model.release import Status
from deploy_lib.report import answers
from deploy_lib.report.answers import Answer
from deploy_lib.report.blocks import Lines, Piece, literal
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts
from deploy_lib.report.facts.container_log import LogRow
from deploy_lib.report.formatting import time_of_day

BEFORE, AFTER = 40, 12  # lines of log shown around the most telling one
BUILD_LINES = 30
SHORTEST_QUOTE = 12  # characters; a shorter line would match by chance


@dataclass(frozen=True, slots=True)
class ShownEvidence:
    """`lines` are the lines the cause was read from; `log` is the excerpt around them, of `log_lines` in all."""

    lines: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    log: tuple[LogRow, ...] = ()
    log_lines: int = 0
    build_log: tuple[str, ...] = ()
    ends: tuple[datetime, ...] = ()  # of the container, as the platform reported them
    answers: tuple[tuple[str, tuple[Answer, ...]], ...] = ()  # by the step that did not pass


def read(facts: ReleaseFacts) -> ShownEvidence:
    quoted = facts.cause.evidence if facts.cause else ()
    rows = facts.log.rows
    begin, end, telling = _window([row.text for row in rows], quoted)
    return ShownEvidence(
        lines=quoted,
        conditions=tuple(_conditions(facts.evidence)),
        log=tuple(replace(rows[number], telling=number in telling) for number in range(begin, end)),
        log_lines=len(rows),
        build_log=_build_log(facts.last_verdicts),
        ends=facts.log.ends,
        answers=tuple(_answers(facts.last_verdicts)),
    )


def _answers(last_verdicts: Sequence[Judged]) -> Iterator[tuple[str, tuple[Answer, ...]]]:
    for judged in last_verdicts:
        given = answers.read(judged) if judged.status not in (Status.PASSED, Status.SKIPPED) else ()
        if given:
            yield judged.label, given


def blocks(found: ShownEvidence) -> Iterator[Lines]:
    if found.lines:
        yield Lines(found.lines, kind="log")
    for step, given in found.answers:
        items = tuple(_answered(each) for each in given)
        yield Lines(items, f"What {step} was answered{' (UTC)' if given[0].at else ''}", "log")
    if found.conditions:
        yield Lines(tuple(("condition", literal(line)) for line in found.conditions))
    if found.log:
        items = tuple(
            Piece(f"{time_of_day(row.at)} {row.source:<7} {row.text}", "bad" if row.telling else "plain")
            for row in found.log
        )
        yield Lines(items, f"Log, {len(found.log)} of {found.log_lines} lines (UTC)", "log")
    if found.build_log:
        yield Lines(found.build_log, "End of the build's log", "log")


def _answered(answer: Answer) -> Piece:
    at = f"{time_of_day(answer.at)} " if answer.at else ""
    return Piece(f"{at}{answer}", "plain" if answer.good else "bad")


def _window(texts: Sequence[str], quoted: Sequence[str]) -> tuple[int, int, set[int]]:
    """First and last line to show, and those among them that the cause quotes."""
    quoted = [clause for clause in (_quoted(line) for line in quoted) if len(clause) >= SHORTEST_QUOTE]
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
    lines = [
        f"{condition.type}: {condition.state.removeprefix('CONDITION_').lower()}"
        + (f", {condition.reason}" if condition.reason else "")
        + (f": {condition.message}" if condition.message else "")
        for condition in evidence.conditions
        if not condition.succeeded
    ]
    if evidence.operation_message:
        code = f" (code {evidence.operation_code})" if evidence.operation_code is not None else ""
        lines.append(f"operation{code}: {evidence.operation_message}")
    return lines


def _build_log(last_verdicts: Sequence[Judged]) -> tuple[str, ...]:
    """The end of the build's log, when the build failed."""
    for judged in last_verdicts:
        tail = judged.details.build_log() if judged.details else None
        if tail is not None:
            return tail[-BUILD_LINES:]
    return ()


SECTION = Section("proof", "Evidence", read, blocks, empty="None was recorded.")
