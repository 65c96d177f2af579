"""The root cause, with the chain of imports, where the missing file is and is not, and how often it was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.diagnose.merge_findings import from_findings
from deploy_lib.model.cause import Cause, Confidence, Link, Presence, Whereabouts
from deploy_lib.model.codes import Code
from deploy_lib.model.journal import Entry, Judged
from deploy_lib.model.journal_queries import last_diagnosis, last_verdicts
from deploy_lib.model.release import Status

_PLACES = (
    {Presence.YES: "exists in the working copy", Presence.NO: "is not in the working copy"},
    {Presence.YES: "is in the commit", Presence.NO: "is not in the commit"},
    {Presence.YES: "is in the build context", Presence.NO: "is not in the build context"},
    {Presence.YES: "is in the image", Presence.NO: "is not in the image"},
)


@dataclass(frozen=True, slots=True)
class RootCause:
    """`whereabouts` is what is known of the place of a missing file, one clause each.

    `first_seen` is the first end of the container, `noticed_after` the seconds from there to the verdict.
    """

    kind: str
    sentence: str
    confidence: Confidence
    chain: tuple[Link, ...] = ()
    module: str | None = None
    whereabouts: tuple[str, ...] = ()
    rule: str | None = None
    exit_code: str | None = None
    frequency: str | None = None
    deterministic: bool = False
    first_seen: datetime | None = None
    noticed_after: float | None = None


def found(entries: Sequence[Entry]) -> Cause | None:
    """The cause as diagnosed, else as the failed check's findings tell it; None when no step failed."""
    diagnosed = last_diagnosis(entries)
    if diagnosed is not None:
        return diagnosed.cause
    failed = [judged for judged in last_verdicts(entries) if judged.status is Status.FAILED]
    if not failed:
        return None
    last = failed[-1]
    return from_findings(last.findings) or Cause(Code.UNKNOWN, f"{last.label}: {last.reason}", Confidence.GUESS)


def read(cause: Cause, judged: Sequence[Judged], ends: Sequence[datetime]) -> RootCause:
    """`judged` are the last verdicts, `ends` those of the container."""
    first = min(ends, default=None)
    noticed = _noticed(judged)
    after = (noticed - first).total_seconds() if first and noticed else None
    return RootCause(
        kind=cause.kind,
        sentence=cause.sentence,
        confidence=cause.confidence,
        chain=cause.chain,
        module=cause.module,
        whereabouts=tuple(_whereabouts(cause.whereabouts)) if cause.whereabouts else (),
        rule=cause.whereabouts.rule if cause.whereabouts else None,
        exit_code=str(code) if (code := cause.facts.exit_code) is not None else None,
        frequency=str(cause.frequency) if cause.frequency else None,
        deterministic=cause.deterministic,
        first_seen=first,
        noticed_after=after if after is not None and after >= 0 else None,
    )


def _whereabouts(found: Whereabouts) -> Iterator[str]:
    """ "the file exists in the working copy", "it is not in the image", for what is known of each place."""
    places = (found.on_disk, found.in_commit, found.in_context, found.in_image)
    known = [words[place] for place, words in zip(places, _PLACES, strict=True) if place in words]
    name = found.file or "the file"
    yield from (f"{name if not index else 'it'} {clause}" for index, clause in enumerate(known))
    if found.why and found.why not in known:
        yield found.why


def _noticed(judged: Sequence[Judged]) -> datetime | None:
    """When the step that met the failure gave its verdict: the last one that ran and did not pass."""
    met = [each for each in judged if each.status not in (Status.PASSED, Status.SKIPPED)]
    return met[-1].at if met else None
