"""The root cause, with the chain of imports, where the missing file is and is not, and how often it was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from deploy_lib.diagnose.merge_findings import from_findings
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Cause, Frequency
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Status
from deploy_lib.report.model import RootCause
from deploy_lib.report.sections.subject import diagnosis, last_verdicts

_PLACES = (
    ("on_disk", "exists in the working copy", "is not in the working copy"),
    ("in_commit", "is in the commit", "is not in the commit"),
    ("in_context", "is in the build context", "is not in the build context"),
    ("in_image", "is in the image", "is not in the image"),
)


def read(entries: Sequence[Entry], ends: Sequence[datetime] = ()) -> RootCause | None:
    """None when no cause was looked for: the release went well, or the journal ends before."""
    cause = found(entries)
    if cause is None:
        return None
    first = min(ends, default=None)
    noticed = _noticed(entries)
    after = (noticed - first).total_seconds() if first and noticed else None
    return RootCause(
        kind=cause.kind,
        sentence=cause.sentence,
        confidence=cause.confidence,
        chain=cause.chain,
        module=cause.module,
        whereabouts=tuple(whereabouts(cause.facts)),
        rule=cause.facts.get("rule"),
        exit_code=cause.facts.get("exit_code"),
        frequency=spoken_frequency(cause.frequency),
        deterministic=cause.deterministic,
        first_seen=first,
        noticed_after=after if after is not None and after >= 0 else None,
    )


def found(entries: Sequence[Entry]) -> Cause | None:
    """The cause as diagnosed, else as the failed check's own findings tell it."""
    diagnosed = diagnosis(entries)
    if diagnosed is not None:
        return diagnosed.cause
    failed = [judged for judged in last_verdicts(entries) if judged.status is Status.FAILED]
    if not failed:
        return None
    last = failed[-1]
    return from_findings(last.findings) or Cause(Code.UNKNOWN, f"{last.label}: {last.reason}", "guess")


def whereabouts(facts: dict[str, str]) -> Iterator[str]:
    """ "the file exists in the working copy", "it is not in the image", for what is known of each place."""
    known = [(yes if facts[name] == "yes" else no) for name, yes, no in _PLACES if facts.get(name) in ("yes", "no")]
    name = facts.get("missing_file") or "the file"
    yield from (f"{name if not index else 'it'} {clause}" for index, clause in enumerate(known))
    if facts.get("why") and facts["why"] not in known:
        yield facts["why"]


def spoken_frequency(frequency: Frequency | None) -> str | None:
    return str(frequency) if frequency is not None else None


def _noticed(entries: Sequence[Entry]) -> datetime | None:
    """When the step that met the failure gave its verdict."""
    failed = [judged for judged in last_verdicts(entries) if judged.status is not Status.PASSED]
    return failed[0].at if failed else None
