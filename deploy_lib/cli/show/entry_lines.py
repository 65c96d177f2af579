"""The lines that a person reads of each entry, whatever shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from deploy_lib.diagnose.shell_commands import in_shell, shown_fix
from deploy_lib.model import journal
from deploy_lib.model.cause import Cause, Confidence
from deploy_lib.model.entry_words import about_freeze, sentence
from deploy_lib.model.findings import Finding, Severity, with_place
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Status
from deploy_lib.model.release_history import is_rollback

SHOWN_FINDINGS = 8


def answer_to(signal: str) -> str:
    """What a person who pressed Ctrl-C reads at once."""
    return f"{signal}: stopping; the traffic is put back first if it moved (again to stop at once)"


def entry_lines(entry: Entry) -> Iterator[str]:
    """The entry as lines of text; none for those that only a machine needs."""
    match entry:
        case journal.Started():
            again = "resuming " if entry.resumed else ""
            yield f"{again}release {entry.release.id}: commit {entry.release.commit[:7]}"
            if about := about_freeze(entry):
                yield about
        case journal.LeaseHeld() if is_rollback(entry.release.id):
            yield "the service is leased to this rollback"
        case journal.LeaseHeld():
            before = entry.release.before
            if entry.by_hand:
                yield entry.by_hand
            if entry.over_hold:
                yield f"overridden in an emergency: the hold of {entry.over_hold}, which stands again afterwards"
            yield "this is the service's first release" if entry.release.first else f"serving now: {before}"
        case journal.LeaseRefused():
            if not entry.busy:  # the last line has it
                yield entry.reason
        case journal.Asked():
            yield f"{entry.label} ..."
        case journal.Judged():
            yield f"{entry.label:<16} {entry.status.words.mark:<8} {entry.seconds:6.1f} s  {entry.reason}"
            failed = entry.status is Status.FAILED
            yield from finding_lines(entry.findings, all_of_them=failed, fixes=not failed)
        case journal.GoingBack():
            yield sentence(entry)[0]
            yield from (f"  {note}" for note in entry.notes)
        case journal.Diagnosed():
            yield from cause_lines(entry.cause)
        case journal.Stopped():
            yield from ending_lines(entry)
        case (
            journal.Adopted()
            | journal.ReleaseInterrupted()
            | journal.RestoreAsked()
            | journal.RestoreAnswered()
            | journal.Withdrawn()
        ):
            yield sentence(entry)[0]
        case _:
            assert_never(entry)


@dataclass(slots=True)
class FixesOnce:
    """The fixes of a step that failed are among what its cause says to do; any other is shown behind that."""

    _fixes: dict[str, list[str]] = field(default_factory=dict)

    def lines(self, service: str, entry: Entry) -> Iterator[str]:
        """As `entry_lines`; the entries of each service come in their order."""
        if isinstance(entry, journal.Judged):
            failed = entry.status is Status.FAILED
            shown = entry.findings[:SHOWN_FINDINGS] if failed else ()
            self._fixes[service] = list(dict.fromkeys(finding.fix for finding in shown if finding.fix))
        if isinstance(entry, journal.Stopped):
            yield from self.remaining(service)
        yield from entry_lines(entry)
        if isinstance(entry, journal.Diagnosed):
            yield from self.remaining(service, entry.cause.commands)

    def remaining(self, service: str, named: tuple[str, ...] = ()) -> Iterator[str]:
        """The fixes that are not among the commands of a cause, or that no cause was found for."""
        for fix in self._fixes.pop(service, []):
            typed = in_shell(fix).partition("  #")[0]
            if not any(typed in command for command in named):
                yield f"  fix: {shown_fix(fix)}"


def ending_lines(stopped: journal.Stopped, prefix: str = "") -> Iterator[str]:
    """How it ended, what a person can type, and what serves: the last lines of all. `prefix` names the service."""
    yield f"{prefix}{stopped.outcome.words.mark}: {stopped.reason}"
    yield from (f"  {command}" for command in stopped.next_commands)
    yield f"{prefix}serving: {stopped.serving}"


def finding_lines(findings: Sequence[Finding], *, all_of_them: bool, fixes: bool = True) -> Iterator[str]:
    """Errors, and warnings after them; advice where nothing stops the step."""
    shown = [finding for finding in findings if finding.severity is Severity.ERROR]
    if all_of_them or not shown:
        shown += [finding for finding in findings if finding.severity is Severity.WARNING]
    if not any(finding.severity is Severity.ERROR for finding in shown):
        shown += [finding for finding in findings if finding.severity is Severity.ADVICE]
    for finding in shown[:SHOWN_FINDINGS]:
        yield f"    {finding.severity.value}: {with_place(finding.message, finding.place)}"
        yield from (f"      {'-> ' if index else ''}{link}" for index, link in enumerate(finding.chain))
        if finding.rule and finding.rule not in finding.message:
            yield f"      rule: {finding.rule}"
        if finding.fix and fixes:
            yield f"      fix:  {shown_fix(finding.fix)}"
    if len(shown) > SHOWN_FINDINGS:
        yield f"    and {len(shown) - SHOWN_FINDINGS} more; the report has them all"


def cause_lines(cause: Cause) -> Iterator[str]:
    sure = "" if cause.confidence is Confidence.CERTAIN else f" ({cause.confidence})"
    yield f"cause{sure}: {cause.sentence}"
    if cause.frequency and cause.frequency.count > 1:
        yield f"  seen: {cause.frequency}"
    for link in cause.chain:
        yield f"    {link.module or '?'} ({link.file}:{link.line})"
    yield from (f"  | {line}" for line in cause.evidence[:SHOWN_FINDINGS])
    yield from (f"  do: {command}" for command in cause.commands)
