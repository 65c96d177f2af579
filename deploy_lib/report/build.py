"""From a journal to the report: every section read from the entries, then everything masked at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, tzinfo

from deploy_lib.model.journal import Diagnosed, Entry
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.printable import Printable
from deploy_lib.redact import named_secrets
from deploy_lib.report.model import Report
from deploy_lib.report.sections import (
    cause,
    comparison,
    findings,
    impact,
    proof,
    recommendations,
    standing,
    steps,
    subject,
    summary,
    timeline,
)


def build(
    entries: Sequence[Entry],
    previous: Sequence[Entry] | None,
    gaps: Sequence[str],
    now: datetime,
    zone: tzinfo,
    *,
    release_id: str = "",
    secrets: Collection[str] = (),
    running: bool = False,
) -> Report:
    """The whole document. Never raises for what a journal holds.

    `previous` is the journal of the last release of this service that went live. `gaps` says in whole clauses what
    of the journal could not be read. `release_id` names a release whose journal is lost. `secrets` are values to
    mask wherever they stand; what looks like a secret is masked in any case. `running`: its client still works on it.
    """
    redactor = Printable([*secrets, *_given_secrets(entries, previous or ())])
    about = subject.read(entries, release_id, running=running)
    shown = proof.read(entries, redactor)
    rows = steps.read(entries, about)
    why = cause.read(entries, shown.ends)
    met = impact.read(entries, about, _until(entries, now))
    report = Report(
        subject=about,
        headline=summary.headline(entries, about),
        summary=summary.read(entries, about, rows, why, met),
        steps=rows,
        timeline=timeline.read(entries, zone, shown.ends),
        cause=why,
        findings=findings.read(entries),
        comparison=comparison.read(entries, previous, about),
        impact=met,
        recommendations=recommendations.read(entries, about),
        proof=shown,
        standing=standing.read(entries, about),
        gaps=tuple(dict.fromkeys((*gaps, *_gaps(entries)))),
        made=now,
        zone=str(zone),
    )
    return redactor.value(report)


def _until(entries: Sequence[Entry], now: datetime) -> datetime:
    """The end of the release; while it has none, the last that is known of it."""
    return max((entry.at for entry in entries), default=now)


def _gaps(entries: Sequence[Entry]) -> Iterator[str]:
    backwards = timeline.skew(entries)
    if backwards:
        yield backwards
    for entry in entries:
        if isinstance(entry, Diagnosed):
            yield from entry.evidence.gaps


def _given_secrets(*journals: Sequence[Entry]) -> Iterator[str]:
    """Values of variables that stand in the configuration as plain text and have the name of a secret."""
    for entries in journals:
        release = latest_release(entries)
        if release is not None:
            yield from named_secrets(release.service.env)
            yield from named_secrets(release.service.source.args)
