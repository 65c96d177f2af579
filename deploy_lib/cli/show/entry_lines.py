"""The lines that a person reads of each entry, whatever shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from deploy_lib.model import journal
from deploy_lib.model.cause import Cause, Confidence, Link
from deploy_lib.model.entry_words import about_freeze, sentence
from deploy_lib.model.findings import Finding, Severity, with_place
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Status
from deploy_lib.model.release_history import is_rollback
from deploy_lib.model.shell_commands import shown_fix

SHOWN_FINDINGS = 8
SHOWN_LINKS = 10
_INSTALLED = "-packages/"  # site-packages, and Debian's dist-packages


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
            if entry.by_hand:
                yield entry.by_hand
            if entry.over_hold:
                yield f"overridden in an emergency: the hold of {entry.over_hold}, which stands again afterwards"
            yield entry.release.begins_from
        case journal.LeaseRefused():
            pass  # the ending has it
        case journal.Asked():
            pass  # a step that takes long says how far it is
        case journal.Judged():
            yield f"{entry.label:<16} {entry.status.words.mark:<8} {entry.seconds:6.1f} s  {entry.reason}"
            yield from finding_lines(entry.findings, all_of_them=entry.status is Status.FAILED)
        case journal.GoingBack():
            yield sentence(entry)[0]
            yield from (f"  {note}" for note in entry.notes)
        case journal.Diagnosed() | journal.Stopped():
            pass  # what of them is new, said_once.py knows
        case (
            journal.Adopted()
            | journal.ReleaseInterrupted()
            | journal.RestoreAsked()
            | journal.RestoreAnswered()
            | journal.TakeBackAsked()
            | journal.TakenBack()
            | journal.Withdrawn()
        ):
            yield sentence(entry)[0]
        case _:
            assert_never(entry)


def finding_lines(findings: Sequence[Finding], *, all_of_them: bool, fixes: bool = True) -> Iterator[str]:
    """The findings that are shown, each with its place, its imports, its rule and its fix."""
    shown = shown_of(findings, all_of_them=all_of_them)
    for finding in shown[:SHOWN_FINDINGS]:
        yield f"    {finding.severity.value}: {with_place(finding.message, finding.place)}"
        yield from (f"      {'-> ' if index else ''}{link}" for index, link in enumerate(finding.chain))
        if finding.rule and finding.rule not in finding.message:
            yield f"      rule: {finding.rule}"
        if finding.fix and fixes:
            yield f"      fix:  {shown_fix(finding.fix)}"
    yield from counted_more(shown)


def shown_of(findings: Sequence[Finding], *, all_of_them: bool) -> list[Finding]:
    """Errors, and warnings after them; advice where nothing stops the step."""
    shown = [finding for finding in findings if finding.severity is Severity.ERROR]
    if all_of_them or not shown:
        shown += [finding for finding in findings if finding.severity is Severity.WARNING]
    if not any(finding.severity is Severity.ERROR for finding in shown):
        shown += [finding for finding in findings if finding.severity is Severity.ADVICE]
    return shown


def counted_more(findings: Sequence[Finding]) -> Iterator[str]:
    """Those for which there was no room."""
    if len(findings) > SHOWN_FINDINGS:
        yield f"    and {len(findings) - SHOWN_FINDINGS} more; the report has them all"


def cause_heading(cause: Cause) -> str:
    sure = "" if cause.confidence is Confidence.CERTAIN else f" ({cause.confidence})"
    return f"cause{sure}: {cause.sentence}"


def chain_lines(chain: Sequence[Link]) -> Iterator[str]:
    """The imports, or calls, that lead to the fault. Of many, those inside installed packages are only counted."""
    links: Sequence[Link | None] = chain
    if len(chain) > SHOWN_LINKS:
        own = [link if _INSTALLED not in link.file else None for link in chain[:-1]]
        links = [*(link for at, link in enumerate(own) if link or at == 0 or own[at - 1]), chain[-1]]
    if len(links) > SHOWN_LINKS:
        links = [links[0], None, *links[-SHOWN_LINKS + 2 :]]
    for link in links:
        yield f"    {link.module or '?'} ({link.file}:{link.line})" if link else "    ..."
