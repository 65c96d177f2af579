"""What the journal tells of a release. Several sections need the same, so each thing is read once, here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property

from deploy_lib.model.cause import Cause
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.journal import Diagnosed, Entry, Judged, Stopped
from deploy_lib.model.journal_queries import ending, last_diagnosis, last_verdicts
from deploy_lib.redact import Redactor
from deploy_lib.report.facts import container_log, root_cause, steps, subject, users
from deploy_lib.report.facts.container_log import ContainerLog
from deploy_lib.report.facts.root_cause import RootCause
from deploy_lib.report.facts.steps import StepRow
from deploy_lib.report.facts.subject import Subject
from deploy_lib.report.facts.users import Impact


@dataclass(frozen=True)
class ReleaseFacts:
    """Never raises for what a journal holds. Nothing is masked yet, but for the log of the container.

    `previous` is the journal of the last release of this service that went live; `gaps` are whole clauses. `rollback`
    is that of the rollback which ended a release that has no ending.
    """

    entries: Sequence[Entry]
    previous: Sequence[Entry] | None
    gaps: Sequence[str]
    now: datetime
    zone: tzinfo
    redactor: Redactor
    release_id: str = ""
    running: bool = False
    rollback: Sequence[Entry] = ()

    @cached_property
    def subject(self) -> Subject:
        return subject.read(self.entries, self.release_id, running=self.running)

    @cached_property
    def ending(self) -> Stopped | None:
        return ending(self.entries)

    @cached_property
    def undone(self) -> Subject | None:
        """The rollback that ended a release which did not end by itself."""
        return subject.read(self.rollback) if self.rollback else None

    @cached_property
    def last_verdicts(self) -> list[Judged]:
        return last_verdicts(self.entries)

    @cached_property
    def steps(self) -> tuple[StepRow, ...]:
        return steps.read(self.entries, self.subject)

    @cached_property
    def diagnosed(self) -> Diagnosed | None:
        return last_diagnosis(self.entries)

    @cached_property
    def evidence(self) -> Evidence:
        """What the diagnosis looked at; empty where there was none."""
        return self.diagnosed.evidence if self.diagnosed else Evidence()

    @cached_property
    def log(self) -> ContainerLog:
        return container_log.read(self.evidence.log, self.redactor)

    @cached_property
    def cause(self) -> Cause | None:
        return root_cause.found(self.entries)

    @cached_property
    def root_cause(self) -> RootCause | None:
        return root_cause.read(self.cause, self.last_verdicts, self.log.ends) if self.cause else None

    @cached_property
    def impact(self) -> Impact:
        """Until the release ended; while it has not, until the last that is known of it."""
        return users.read(self.entries, self.subject, max((each.at for each in self.entries), default=self.now))
