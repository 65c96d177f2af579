"""A check as a person reads it: each problem with its way, its rule and its fix, and one last line that sums up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from deploy_lib.cli.check.result import CheckResult
from deploy_lib.cli.program import shorter
from deploy_lib.model.counting import counted
from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.shell_commands import shown_fix
from deploy_lib.source.last_image import Learned
from deploy_lib.source.model import SITE_PACKAGES
from deploy_lib.source.unknowns import UnknownPart, by_place

_SHOWN_DIFFERENCES = 20
_SHOWN_OTHERS = 5
_LINKS = 6
"""Of a chain that is shown whole."""


def text(outcome: CheckResult, root: str, *, files: bool = False) -> Iterator[str]:
    """`root` is the repository's, which a fix is typed in."""
    for finding, others in _by_cause(outcome.findings):
        yield from _finding(finding, others, root)
    if outcome.worktree:
        yield from _differences(outcome)
    if files:
        for image, context in sorted(outcome.staged.contents.files.items()):
            yield f"{image}  <-  {context}"
    for part in by_place(outcome.unknown):
        yield _unknown(part)
    if outcome.learned is not None:
        yield _learned(outcome.learned)
    yield last_line(outcome)


def _unknown(part: UnknownPart) -> str:
    prefix, reason = part.first.prefix, part.first.reason
    place = "is installed" if prefix == SITE_PACKAGES else f"is below {prefix}"
    line = f" (line {part.first.line})" if part.first.line else ""
    more = f", and {part.others} more such {'step' if part.others == 1 else 'steps'}" if part.others else ""
    return f"not known: what {place}, since {reason}{line}{more}"


def _learned(learned: Learned) -> str:
    known = f"known from {learned.image}: {', '.join(learned.used)}" if learned.used else f"not used: {learned.image}"
    return f"{known}; {learned.unused}" if learned.unused else known


def last_line(outcome: CheckResult) -> str:
    counts = [
        counted(outcome.count(severity), word)
        for severity, word in (
            (Severity.ERROR, "error"),
            (Severity.WARNING, "warning"),
            (Severity.ADVICE, "suggestion"),
        )
        if outcome.count(severity)
    ]
    what = "worktree" if outcome.worktree else f"commit {outcome.commit[:7]}"
    files, modules = len(outcome.staged.contents.files), len(outcome.analysis.modules)
    size = f"{counted(files, 'file')} in the image, {counted(modules, 'module')} followed"
    return f"{outcome.service}, {what}: {', '.join(counts) or 'nothing found'}; {size}, {outcome.seconds:.2f} s"


def _by_cause(findings: Iterable[Finding]) -> Iterator[tuple[Finding, list[Finding]]]:
    """Each finding, with others that the same rule of an ignore file or COPY explains."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        key = (finding.severity, finding.code, finding.cause, finding.rule) if finding.rule else id(finding)
        groups.setdefault(key, []).append(finding)
    for first, *others in groups.values():
        yield first, others


def _folded(chain: Sequence[str]) -> list[str]:
    """A long way from the entrypoint without its middle."""
    if len(chain) <= _LINKS:
        return list(chain)
    return [*chain[:2], f"... {len(chain) - 5} more ...", *chain[-3:]]


def _finding(finding: Finding, others: Sequence[Finding], root: str) -> Iterator[str]:
    place = f"{finding.place}: " if finding.place else ""
    cause = f" ({finding.cause})" if finding.cause else ""
    yield f"{place}{finding.severity.value}: {finding.code}{cause}: {finding.message}"
    for index, link in enumerate(_folded(finding.chain)):
        yield f"    {'-> ' if index else '   '}{link}"
    if others:
        names = [each.module or each.place or "" for each in others]
        shown = ", ".join(names[:_SHOWN_OTHERS])
        more = f" and {len(names) - _SHOWN_OTHERS} more" if len(names) > _SHOWN_OTHERS else ""
        yield f"    the same for {shown}{more}"
    if finding.rule:
        yield f"    rule: {finding.rule}"
    if finding.fix:
        yield f"    fix:  {shorter(shown_fix(finding.fix, root))}"


def _differences(outcome: CheckResult) -> Iterator[str]:
    """What is on the disk and not in the commit, and whether it would get into the image."""
    shown = {path: file for path, file in sorted(outcome.differs.items()) if file.state != FileState.IGNORED}
    if not shown:
        yield f"the disk holds what commit {outcome.commit[:7]} holds"
        return
    counted = Counter(file.state for file in shown.values())
    states = ", ".join(f"{count} {state}" for state, count in counted.items())
    yield f"differs from commit {outcome.commit[:7]}: {states}"
    for path in list(shown)[:_SHOWN_DIFFERENCES]:
        yield f"    {shown[path].state:<10} {path}"
    if len(shown) > _SHOWN_DIFFERENCES:
        yield f"    and {len(shown) - _SHOWN_DIFFERENCES} more"
