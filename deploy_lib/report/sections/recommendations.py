"""What to type, in order: repair what is wrong, then what to do with the release. Each command once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_lib.model.findings import Severity
from deploy_lib.model.journal import Entry, Judged
from deploy_lib.model.journal_queries import first_start
from deploy_lib.model.program import Invocation
from deploy_lib.model.release import Status
from deploy_lib.model.shell_commands import in_repository, in_shell
from deploy_lib.report.blocks import Lines, literal
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts
from deploy_lib.report.facts.subject import Subject


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`command` is typed as it stands; without one, `why` says what a person does."""

    command: str
    why: str = ""


def read(facts: ReleaseFacts) -> tuple[Recommendation, ...]:
    return tuple(_once(_advice(facts)))


def blocks(found: Sequence[Recommendation]) -> Iterator[Lines]:
    if found:
        items = tuple((literal(each.command), each.why) if each.command else each.why for each in found)
        yield Lines(items, kind="commands", short=True)


def _advice(facts: ReleaseFacts) -> Iterator[tuple[str, str]]:
    """(command, why it is to be typed) in order, some of them twice."""
    stopped, subject, program = facts.ending, facts.subject, _program(facts.entries, facts.subject)
    good = stopped is not None and stopped.outcome.is_good
    if not good:
        fixes = _fixes(facts.last_verdicts, Severity.ERROR)
        yield from ((in_repository(in_shell(fix), program.repo), "repair what a check found") for fix in fixes)
        yield from ((command, "") for command in (facts.cause.commands if facts.cause else ()))
    if stopped is None and facts.entries and facts.undone is None:
        gone = "the journal here has no ending: see what became of the release, and what serves"
        seen = "it is still running: see how far it is, and what serves" if subject.running else gone
        yield program.command("status"), seen
        if not subject.running:
            yield program.command("resume"), "where status calls it unfinished: go on with it"
    yield from ((command, "") for command in (stopped.next_commands if stopped else ()) if " report" not in command)
    if good:
        fixes = _fixes(facts.last_verdicts, Severity.WARNING)
        yield from ((in_repository(in_shell(fix), program.repo), "not urgent: a check warned") for fix in fixes)


def _fixes(last_verdicts: Sequence[Judged], severity: Severity) -> Iterator[str]:
    for judged in last_verdicts:
        if severity is Severity.ERROR and judged.status in (Status.PASSED, Status.SKIPPED):
            continue
        yield from (finding.fix for finding in judged.findings if finding.severity is severity and finding.fix)


def _program(entries: Sequence[Entry], subject: Subject) -> Invocation:
    """As it was typed for the release; journals of earlier versions tell the configuration at most."""
    started = first_start(entries)
    if started is not None and started.program is not None:
        return started.program
    config = started.config if started is not None else ""
    return Invocation(config=config, project=subject.project).of(subject.service)


def _split(text: str, why: str) -> Recommendation:
    """A command and the note behind its #; what is only a note is for a person to do."""
    if text.startswith("# "):
        return Recommendation("", f"{text[2:].strip()} ({why})" if why else text[2:].strip())
    command, mark, note = text.partition("  #")
    return Recommendation(command.strip(), note.strip() if mark else why)


def _once(found: Iterator[tuple[str, str]]) -> Iterator[Recommendation]:
    """Each command, and each thing to do without one, with the reason that it was first given for."""
    seen: set[str] = set()
    for text, why in found:
        bare = _split(text, "")
        what = bare.command or bare.why
        if what not in seen:
            seen.add(what)
            yield _split(text, why)


SECTION = Section("recommendations", "Recommendations", read, blocks, empty="Nothing needs doing.")
