"""Why a container did not start, read from its log.

The order is that of certainty: a line of the platform about memory or an unusable command, then the traceback that
ended the container, then the words of a server, then where it listens, then how it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deploy_lib.diagnose import chains, commands_missing, crash_loop, exceptions, not_listening, server_errors
from deploy_lib.diagnose.log_rows import PLATFORM
from deploy_lib.diagnose.parsed_log import ParsedLog, ends_frequency, stamp
from deploy_lib.diagnose.tracebacks import Traceback
from deploy_lib.model.cause import Cause, Confidence, Frequency
from deploy_lib.model.cause_facts import MemoryFacts, PlainFacts
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Condition, LogSource


def cause(
    log: ParsedLog,
    *,
    port: int | None,
    memory_limit: str | None,
    conditions: Sequence[Condition],
    startup_limit: float | None = None,
) -> Cause | None:
    """Why the container did not start or stay; None when the log does not tell."""
    return (
        _memory(log, memory_limit)
        or _unstartable(log)
        or _traceback(log)
        or _server(log)
        or not_listening.find(log, port, conditions, startup_limit)
        or _ended(log)
    )


def of_traceback(log: ParsedLog, traceback: Traceback) -> Cause:
    """The cause a traceback names, with its chain and how often it was seen."""
    section, meaning = exceptions.main_exception(traceback, log.entrypoint)
    imported = (Code.MISSING_MODULE, Code.MISSING_DEPENDENCY, Code.MISSING_NAME)
    failing = meaning.module if meaning.kind in imported else None
    last = section.frames[-1] if section.frames else None
    place = f"{last.file}:{last.line}: " if last else ""
    sentence = "the log ends in the middle of a traceback" if traceback.cut and not section.type else ""
    lines = [f"{stamp(traceback.at)}{place}{section.type}: {exceptions.short(section.message, 400)}".rstrip(": ")]
    lines += [f"    {last.code}"] if last and last.code else []
    facts = replace(meaning.facts, exit_code=log.exits[-1]) if log.exits else meaning.facts
    sure = Confidence.CERTAIN if log.ends and meaning.specific else Confidence.LIKELY
    return Cause(
        kind=meaning.kind,
        sentence=sentence + (f", after {last.file}:{last.line}" if last else "") if sentence else meaning.sentence,
        confidence=Confidence.GUESS if sentence else sure,
        evidence=tuple(lines),
        chain=chains.chain(section, log.entrypoint, failing),
        module=meaning.module,
        frequency=_frequency(log, traceback),
        deterministic=meaning.kind in exceptions.DETERMINISTIC and not sentence,
        facts=facts,
    )


def fatal(log: ParsedLog) -> Traceback | None:
    """The traceback that most likely ended the container: the last whole one before its last end."""
    whole = [item for item in log.tracebacks if not item.cut] or list(log.tracebacks)
    if not whole:
        return None
    if log.ends:
        before = [item for item in whole if item.first_row < log.ends[-1].row]
        return before[-1] if before else whole[-1]
    return whole[-1]


def _memory(log: ParsedLog, limit: str | None) -> Cause | None:
    kills = [
        (row, found) for row in log.rows if row.source == LogSource.SYSTEM and (found := crash_loop.memory(row.text))
    ]
    if kills:
        row, (allowed, used) = kills[-1]
        sentence = f"the container was killed for memory: it used {used} of the {allowed} it may have"
        return Cause(
            Code.OUT_OF_MEMORY,
            sentence,
            evidence=(f"{stamp(row.at)}{row.text}",),
            frequency=ends_frequency(log),
            facts=MemoryFacts(limit=allowed, peak=used),
        )
    guess = server_errors.killed(log.rows)
    if guess is None and not (log.exits and log.exits[-1] == 137):
        return None
    row = log.rows[guess if guess is not None else log.ends[-1].row]
    bound = f" (limit {limit})" if limit else ""
    return Cause(
        Code.OUT_OF_MEMORY,
        f"the container was killed, most likely for memory{bound}",
        Confidence.LIKELY,
        evidence=(f"{stamp(row.at)}{row.text}",),
        frequency=ends_frequency(log),
        facts=MemoryFacts(limit=limit),
    )


def _unstartable(log: ParsedLog) -> Cause | None:
    found = commands_missing.find(log.rows)
    if found is None:
        return None
    row, meaning = log.rows[found.row], found.meaning
    return Cause(
        meaning.kind,
        meaning.sentence,
        evidence=(f"{stamp(row.at)}{row.text}",),
        frequency=ends_frequency(log),
        deterministic=True,
        facts=meaning.facts,
    )


def _traceback(log: ParsedLog) -> Cause | None:
    traceback = fatal(log)
    return of_traceback(log, traceback) if traceback is not None else None


def _server(log: ParsedLog) -> Cause | None:
    found = server_errors.find(log.rows, log.entrypoint)
    if found is None:
        return None
    row, meaning = log.rows[found.row], found.meaning
    return Cause(
        meaning.kind,
        meaning.sentence,
        Confidence.CERTAIN if log.ends else Confidence.LIKELY,
        evidence=(f"{stamp(row.at)}{row.text}",),
        module=meaning.module,
        frequency=ends_frequency(log),
        deterministic=meaning.kind in exceptions.DETERMINISTIC,
        facts=meaning.facts,
    )


def _ended(log: ParsedLog) -> Cause | None:
    if not log.ends:
        return None
    end = log.ends[-1]
    printed = [row for row in log.rows[: end.row] if row.source not in PLATFORM and row.text.strip()]
    shown = (*(f"{stamp(row.at)}{row.text}" for row in printed[-4:]), f"{stamp(end.at)}{end.text}")
    often = ends_frequency(log)
    if end.code == 0:
        return Cause(
            Code.EXITS_ZERO,
            "the container ends by itself with exit code 0: its command finishes instead of serving",
            evidence=shown,
            frequency=often,
            facts=PlainFacts(exit_code=0),
        )
    if end.code in (126, 127):
        kind, sentence = (
            (Code.COMMAND_NOT_FOUND, "is not in the image")
            if end.code == 127
            else (Code.NOT_EXECUTABLE, "may not be executed")
        )
        return Cause(
            kind,
            f"the start command {sentence} (exit code {end.code})",
            Confidence.LIKELY,
            shown,
            frequency=often,
            deterministic=True,
            facts=PlainFacts(exit_code=end.code),
        )
    how = f"with exit code {end.code}" if end.code is not None else "before it could serve"
    if end.code is not None and end.code > 128:
        how = f"on signal {end.code - 128}"
    last = (
        f"; its last output: {exceptions.short(printed[-1].text.strip(), 160)}" if printed else " and printed nothing"
    )
    return Cause(
        Code.EXITS_NONZERO,
        f"the container ends {how}{last}",
        Confidence.CERTAIN,
        shown,
        frequency=often,
        facts=PlainFacts(exit_code=end.code),
    )


def _frequency(log: ParsedLog, traceback: Traceback) -> Frequency:
    """The ends that this failure led to; without any, the tracebacks themselves, one per start."""
    mark = traceback.fingerprint()
    same = [item for item in log.tracebacks if not item.cut and item.fingerprint() == mark] or [traceback]
    deaths = _deaths(log, same)
    if deaths:
        return crash_loop.frequency([end.at for end in deaths], [end.lived for end in deaths])
    return crash_loop.frequency(crash_loop.clustered([item.at for item in same]))


def _deaths(log: ParsedLog, same: Sequence[Traceback]) -> list[crash_loop.ContainerEnd]:
    """The ends that have one of these tracebacks between them and the end before."""
    found: list[crash_loop.ContainerEnd] = []
    starts = iter(sorted(item.first_row for item in same))
    current = next(starts, None)
    for end in log.ends:
        hit = False
        while current is not None and current < end.row:
            hit, current = True, next(starts, None)
        if hit:
            found.append(end)
    return found


def counted(cause_found: Cause, log: ParsedLog) -> Cause:
    """The cause with how often the container ended, when it says nothing of it yet."""
    return cause_found if cause_found.frequency else replace(cause_found, frequency=ends_frequency(log))
