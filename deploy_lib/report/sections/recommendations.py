"""What to type, in order: repair what is wrong, then what to do with the release. Each command once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.diagnose.shell_commands import in_repository, in_shell
from deploy_lib.model.findings import Severity
from deploy_lib.model.journal import Entry, Started
from deploy_lib.model.program import Program
from deploy_lib.model.release import Status
from deploy_lib.report.model import Recommendation, Subject
from deploy_lib.report.sections.cause import found
from deploy_lib.report.sections.subject import ending, last_verdicts


def read(entries: Sequence[Entry], subject: Subject) -> tuple[Recommendation, ...]:
    stopped, program = ending(entries), _program(entries, subject)
    root = program.repo
    lines: list[tuple[str, str]] = []
    if stopped is None or not stopped.outcome.is_good:
        lines += [
            (in_repository(in_shell(fix), root), "repair what a check found") for fix in _fixes(entries, Severity.ERROR)
        ]
        cause = found(entries)
        lines += [(command, "") for command in (cause.commands if cause else ())]
    if stopped is None and entries:
        if not subject.running:
            lines.append((program.command("resume"), "the release has not ended: go on with it"))
        seen = "it is still running: see how far it is, and what serves" if subject.running else "see what serves"
        lines.append((program.command("status"), seen))
    lines += [(command, "") for command in (stopped.next_commands if stopped else ()) if " report" not in command]
    if stopped is not None and stopped.outcome.is_good:
        lines += [
            (in_repository(in_shell(fix), root), "not urgent: a check warned")
            for fix in _fixes(entries, Severity.WARNING)
        ]
    return tuple(_once(_split(text, why) for text, why in lines))


def _fixes(entries: Sequence[Entry], severity: Severity) -> Iterator[str]:
    for judged in last_verdicts(entries):
        if severity is Severity.ERROR and judged.status in (Status.PASSED, Status.SKIPPED):
            continue
        yield from (finding.fix for finding in judged.findings if finding.severity is severity and finding.fix)


def _program(entries: Sequence[Entry], subject: Subject) -> Program:
    """As it was typed for the release; journals of earlier versions tell the configuration at most."""
    started = next((entry for entry in entries if isinstance(entry, Started)), None)
    if started is not None and started.program is not None:
        return started.program
    config = started.config if started is not None else ""
    return Program(config=config, project=subject.project).of(subject.service)


def _split(text: str, why: str) -> Recommendation:
    """A command and the note behind its #; what is only a note is for a person to do."""
    if text.startswith("# "):
        return Recommendation("", f"{text[2:].strip()} ({why})" if why else text[2:].strip())
    command, mark, note = text.partition("  #")
    return Recommendation(command.strip(), note.strip() if mark else why)


def _once(found: Iterator[Recommendation]) -> Iterator[Recommendation]:
    seen: set[str] = set()
    for each in found:
        what = each.command or each.why
        if what not in seen:
            seen.add(what)
            yield each
