"""From a journal to the report: every section read from it and masked, and what it says of what it read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.printable import Printable
from deploy_lib.redact import named_secrets
from deploy_lib.report.blocks import Lines
from deploy_lib.report.document import BuiltSection, Report, Section
from deploy_lib.report.facts import ReleaseFacts
from deploy_lib.report.sections import SECTIONS


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
    rollback: Sequence[Entry] = (),
) -> Report:
    """The whole document. Never raises for what a journal holds.

    `previous` is the journal of the last release of this service that went live. `gaps` says in whole clauses what
    of the journal could not be read. `release_id` names a release whose journal is lost. `secrets` are values to
    mask wherever they stand; what looks like a secret is masked in any case. `running`: its client still works on it.
    `rollback` is the journal of the rollback that ended a release which did not end by itself.
    """
    redactor = Printable([*secrets, *_given_secrets(entries, previous or ())])
    facts = ReleaseFacts(entries, previous, gaps, now, zone, redactor, release_id, running, rollback)
    return Report(
        subject=redactor.value(facts.subject),
        headline=redactor.value(_headline(facts)),
        sections=tuple(_built(section, facts) for section in SECTIONS),
        made=now,
        zone=str(zone),
    )


def _built(section: Section[Any], facts: ReleaseFacts) -> BuiltSection:
    found = facts.redactor.value(section.read(facts))
    blocks = tuple(section.blocks(found))
    if not blocks and section.empty is not None:
        blocks = (Lines((section.empty if isinstance(section.empty, str) else section.empty(facts),), kind="nothing"),)
    return BuiltSection(section.key, section.title, found, blocks)


def _headline(facts: ReleaseFacts) -> str:
    """One clause: the service, and how its release ended."""
    subject, stopped = facts.subject, facts.ending
    if not facts.entries:
        return f"nothing is known of release {subject.id or '(no id)'}"
    name = f"{subject.service or 'the release'} {subject.commit[:7]}".strip()
    undone = f"was ended by {facts.undone.id}" if facts.undone else "has no ending in this journal"
    unended = "is still running" if subject.running else undone
    return f"{name} {stopped.outcome.words.headline if stopped else unended}"


def _given_secrets(*journals: Sequence[Entry]) -> Iterator[str]:
    """Values of variables that stand in the configuration as plain text and have the name of a secret."""
    for entries in journals:
        release = latest_release(entries)
        if release is not None:
            yield from named_secrets(release.service.env)
            yield from named_secrets(release.service.source.args)
