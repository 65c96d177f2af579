"""Which release the report is about."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.report.blocks import Table, literal
from deploy_lib.report.document import Section
from deploy_lib.report.facts.subject import Subject
from deploy_lib.report.formatting import day, duration


def blocks(subject: Subject) -> Iterator[Table]:
    where = f" ({subject.cloud_run} in {subject.project}, {subject.region})" if subject.project else ""
    yield Table(
        (
            ("Release", literal(subject.id or "not known")),
            ("Service", f"{subject.service or 'not known'}{where}"),
            ("Commit", literal(subject.commit or "not known")),
            ("Image", literal(subject.image or "none")),
            ("Candidate", literal(subject.candidate or "none")),
            ("Stable", literal(subject.stable or "none")),
            ("Started", day(subject.started)),
            ("Took", duration(subject.seconds)),
            *((("Emergency", subject.emergency),) if subject.emergency else ()),
        )
    )


SECTION = Section("subject", "", lambda facts: facts.subject, blocks)
