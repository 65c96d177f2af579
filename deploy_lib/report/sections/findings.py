"""The critical findings: for each file, whether it is in the commit, in the context and in the image, and why not."""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.diagnose.merge_findings import whereabouts
from deploy_lib.model.cause import Presence
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.journal import Entry
from deploy_lib.report.model import Found
from deploy_lib.report.sections.subject import diagnosis, last_verdicts

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.ADVICE: 2}


def read(entries: Sequence[Entry]) -> tuple[Found, ...]:
    """Errors first. What the diagnosis learned of its module stands among them when no check had found it."""
    pairs = [(judged.label, finding) for judged in last_verdicts(entries) for finding in judged.findings]
    pairs.sort(key=lambda pair: _ORDER[pair[1].severity])
    found = list(dict.fromkeys(_found(step, finding) for step, finding in pairs))
    learned = _learned(entries)
    if learned and not any(row.module == learned.module and row.severity == "error" for row in found):
        found.insert(0, learned)
    return tuple(found)


def _found(step: str, finding: Finding) -> Found:
    places = whereabouts(finding)
    return Found(
        step=step,
        severity=finding.severity.value,
        code=finding.code,
        message=finding.message,
        place=finding.place,
        module=finding.module,
        in_commit=places.in_commit,
        in_context=places.in_context,
        in_image=places.in_image,
        rule=finding.rule,
        fix=finding.fix,
        chain=finding.chain,
    )


def _learned(entries: Sequence[Entry]) -> Found | None:
    diagnosed = diagnosis(entries)
    if diagnosed is None or diagnosed.cause.whereabouts is None:
        return None
    cause, places = diagnosed.cause, diagnosed.cause.whereabouts
    if places.in_image is Presence.UNKNOWN:
        return None
    return Found(
        step="diagnosis",
        severity=Severity.ERROR.value,
        code=cause.kind,
        message=cause.sentence,
        place=places.file,
        module=cause.module,
        in_commit=places.in_commit,
        in_context=places.in_context,
        in_image=places.in_image,
        rule=places.rule,
        fix=cause.commands[0] if cause.commands else None,
        chain=tuple(f"{link.module} ({link.file}:{link.line})" for link in cause.chain),
    )
