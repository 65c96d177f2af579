"""What a person is told of each entry, whatever shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.diagnose.shell_commands import shown_fix
from deploy_lib.model import journal
from deploy_lib.model.cause import Cause, Confidence
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Status
from deploy_lib.model.release_history import is_rollback

MARKS = {
    Status.PASSED: "ok",
    Status.FAILED: "FAILED",
    Status.ERRORED: "ERROR",
    Status.INCONCLUSIVE: "UNCLEAR",
    Status.SKIPPED: "skipped",
}
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
        case journal.LeaseHeld() if is_rollback(entry.release.id):
            yield "nobody else deploys the service from here on"
        case journal.LeaseHeld():
            before = entry.release.before
            if entry.by_hand:
                yield entry.by_hand
            yield "this is the service's first release" if entry.release.first else f"serving now: {before}"
        case journal.LeaseRefused():
            if not entry.busy:  # the last line has it
                yield entry.reason
        case journal.Adopted():
            since = f"; the traffic is {entry.traffic}" if entry.traffic else ""
            yield f"goes on at step {entry.step + 1}, from what the service itself says{since}"
        case journal.Asked():
            yield f"{entry.label} ..."
        case journal.Judged():
            yield f"{entry.label:<16} {MARKS[entry.status]:<8} {entry.seconds:6.1f} s  {entry.reason}"
            failed = entry.status is Status.FAILED
            yield from finding_lines(entry.findings, all_of_them=failed, fixes=not failed)
        case journal.ReleaseInterrupted():
            yield entry.by if entry.errored else f"stopped by {entry.by}"
        case journal.Withdrawn():
            yield f"taken back: {entry.why}"
        case journal.GoingBack():
            yield going_back(entry)
            yield from (f"  {note}" for note in entry.notes)
        case journal.RestoreAsked():
            yield f"restoring the traffic: {entry.target}"
        case journal.RestoreAnswered():
            now = "not known what serves" if entry.now is None else f"now: {entry.now}"
            yield f"restored: {entry.now}" if entry.whole else f"RESTORING FAILED: {entry.reason}; {now}"
        case journal.Diagnosed():
            yield from cause_lines(entry.cause)
        case journal.Stopped():
            yield from ending_lines(entry)


def ending_lines(stopped: journal.Stopped, prefix: str = "") -> Iterator[str]:
    """How it ended, what a person can type, and what serves: the last lines of all. `prefix` names the service."""
    yield f"{prefix}{stopped.outcome.words.mark}: {stopped.reason}"
    yield from (f"  {command}" for command in stopped.next_commands)
    yield f"{prefix}serving: {stopped.serving}"


def going_back(entry: journal.GoingBack) -> str:
    if entry.there:
        return f"nothing will be moved; {entry.target} serves already: {entry.why}"
    return f"will put back {entry.target}: {entry.why}; now it is {entry.now}"


def finding_lines(findings: Sequence[Finding], *, all_of_them: bool, fixes: bool = True) -> Iterator[str]:
    """Errors, and warnings after them; advice where nothing stops the step."""
    shown = [finding for finding in findings if finding.severity is Severity.ERROR]
    if all_of_them or not shown:
        shown += [finding for finding in findings if finding.severity is Severity.WARNING]
    if not any(finding.severity is Severity.ERROR for finding in shown):
        shown += [finding for finding in findings if finding.severity is Severity.ADVICE]
    for finding in shown[:SHOWN_FINDINGS]:
        place = f"{finding.place}: " if finding.place and finding.place not in finding.message else ""
        yield f"    {finding.severity.value}: {place}{finding.message}"
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
