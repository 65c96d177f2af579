"""One service over time: its releases, how each ended, how long it took and why it failed. Pure, as a report is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.counting import counted
from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import last_verdicts
from deploy_lib.model.outcome import Outcome, Tone
from deploy_lib.model.release import Status
from deploy_lib.model.release_history import is_rollback
from deploy_lib.printable import Printable
from deploy_lib.report.blocks import Block, Column, Columns, Figure, Piece, ReleaseBar, Table, columns, literal
from deploy_lib.report.document import BuiltSection
from deploy_lib.report.facts import root_cause, subject
from deploy_lib.report.formatting import day, duration

RELEASES = (
    Column("When (UTC)", "time"),
    *columns("Outcome"),
    Column("Took", "number"),
    *columns("Commit", "Release"),
    *columns("Why", "Cause", kind="detail"),
)
CAUSES = (*columns("Cause"), Column("Times", "number"), Column("Last (UTC)", "time"), *columns("Last told as"))


@dataclass(frozen=True, slots=True)
class ReleaseInTime:
    """`outcome` is None for a release without an ending. `link` leads to its report; empty where there is none."""

    id: str
    started: datetime | None = None
    commit: str = ""
    outcome: Outcome | None = None
    seconds: float | None = None
    stopped_by: str = ""  # the label of the step that it ended at
    cause: str | None = None
    sentence: str = ""
    rollback: bool = False
    link: str = ""

    @property
    def ended(self) -> str:
        word = self.outcome.value if self.outcome else "unfinished"
        return f"{word} (rollback)" if self.rollback else word

    @property
    def tone(self) -> Tone:
        return self.outcome.words.tone if self.outcome else "unsure"


def read(entries: Sequence[Entry], release_id: str, link: str = "") -> ReleaseInTime:
    """What its journal says, masked; of a journal that is lost the id alone."""
    about = subject.read(entries, release_id)
    cause = root_cause.found(entries) if not about.is_good else None
    failed = [each for each in last_verdicts(entries) if each.status not in (Status.PASSED, Status.SKIPPED)]
    mask = Printable()
    return ReleaseInTime(
        id=release_id,
        started=about.started,
        commit=about.commit,
        outcome=about.outcome,
        seconds=about.seconds,
        stopped_by=failed[-1].label if failed and not about.is_good else "",
        cause=cause.kind if cause else None,
        sentence=" ".join(mask.text(cause.sentence).split()) if cause else "",
        rollback=is_rollback(release_id),
        link=link,
    )


@dataclass(frozen=True, slots=True)
class ServiceOverTime:
    """A document like a release's report. `releases` are newest first."""

    project: str
    service: str
    releases: tuple[ReleaseInTime, ...]
    made: datetime
    zone: str = "UTC"

    title = "RELEASES OVER TIME"
    source = "the journals of the releases"

    @property
    def headline(self) -> str:
        live = sum(each.outcome is Outcome.LIVE and not each.rollback for each in self.releases)
        return f"{self.service}: {counted(len(self.releases), 'release')}, {live} of them live"

    @property
    def label(self) -> str:
        last = self.releases[0] if self.releases else None
        return f"the last one: {last.ended}" if last else "none"

    @property
    def tone(self) -> Tone:
        return self.releases[0].tone if self.releases else "plain"

    @property
    def file(self) -> str:
        return f"service-{self.project}-{self.service}"

    @property
    def sections(self) -> tuple[BuiltSection, ...]:
        parts = (
            ("subject", "", self._subject()),
            ("releases", "Releases", self._releases()),
            ("causes", "What stopped releases", self._causes()),
        )
        return tuple(BuiltSection(key, title, None, tuple(blocks)) for key, title, blocks in parts)

    @property
    def found(self) -> dict[str, object]:
        return {"project": self.project, "service": self.service, "releases": self.releases}

    def _subject(self) -> Iterator[Block]:
        known = [each.started for each in self.releases if each.started]
        yield Table(
            (
                ("Service", f"{self.service} in {self.project}"),
                ("From", day(min(known, default=None))),
                ("To", day(max(known, default=None))),
            )
        )

    def _releases(self) -> Iterator[Block]:
        bars = tuple(_bar(each) for each in reversed(self.releases))
        yield Figure("How long each release took, the oldest first", Columns(bars))
        yield Table(tuple(map(_row, self.releases)), RELEASES)

    def _causes(self) -> Iterator[Block]:
        """The commonest first."""
        stopped = [each for each in self.releases if each.cause]
        times = Counter(each.cause for each in stopped)
        last = {each.cause: each for each in reversed(stopped)}
        if stopped:
            rows = (
                (str(name), str(number), _when(last[name]), last[name].sentence) for name, number in times.most_common()
            )
            yield Table(tuple(rows), CAUSES)


def _when(release: ReleaseInTime) -> str:
    return f"{release.started:%Y-%m-%d %H:%M}" if release.started else "?"


def _row(each: ReleaseInTime) -> tuple[str | Piece, ...]:
    took = duration(each.seconds) if each.seconds is not None else ""
    name = Piece(each.id, link=each.link) if each.link else Piece(each.id)
    at = f"{each.stopped_by}: " if each.stopped_by and not each.sentence.startswith(f"{each.stopped_by}: ") else ""
    why = f"{at}{each.sentence}" if each.sentence else ""
    return _when(each), Piece(each.ended, each.tone), took, literal(each.commit[:7]), name, why, each.cause or ""


def _bar(each: ReleaseInTime) -> ReleaseBar:
    took = duration(each.seconds) if each.seconds is not None else "no ending"
    return ReleaseBar(_when(each), each.seconds, each.tone, f"{each.id}: {each.ended}, {took}")
