"""The report as a document: its sections, as each file of `sections/` declares one and as it is built for a release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from deploy_lib.model.outcome import Tone
from deploy_lib.report.blocks import Block
from deploy_lib.report.facts import ReleaseFacts
from deploy_lib.report.facts.subject import Subject

B = TypeVar("B")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section(Generic[T]):
    """`read` gives plain values, which are masked before `blocks` gets them.

    `key` never changes once a release had it: programs read the JSON. Without a title, the blocks stand under the
    headline. `empty` is what is said where there are no blocks; None leaves the section out then.
    """

    key: str
    title: str
    read: Callable[[ReleaseFacts], T]
    blocks: Callable[[T], Iterable[Block]]
    empty: str | Callable[[ReleaseFacts], str] | None = None


@dataclass(frozen=True, slots=True)
class BuiltSection:
    """`found` is what the section read, for programs; `blocks` say it to people."""

    key: str
    title: str
    found: Any
    blocks: tuple[Block, ...]


class Renderable(Protocol):
    """What every format shows: a report, or a service over time."""

    @property
    def title(self) -> str:
        """What it is."""

    @property
    def headline(self) -> str: ...
    @property
    def label(self) -> str:
        """A word or two above the headline, in the colour of its tone."""

    @property
    def tone(self) -> Tone: ...
    @property
    def sections(self) -> tuple[BuiltSection, ...]: ...
    @property
    def found(self) -> dict[str, Any]:
        """All that was read, for programs."""

    @property
    def made(self) -> datetime: ...
    @property
    def zone(self) -> str:
        """IANA name, or an offset, of the local times shown."""

    @property
    def source(self) -> str:
        """What it was made from."""

    @property
    def file(self) -> str:
        """The name of its files, without an extension."""


@dataclass(frozen=True, slots=True)
class Report:
    subject: Subject
    headline: str
    sections: tuple[BuiltSection, ...]
    made: datetime
    zone: str  # IANA name, or an offset, of the local times shown

    title = "AUDIT REPORT"
    source = "the journal of the release"

    @property
    def label(self) -> str:
        return self.subject.outcome or "not ended"

    @property
    def tone(self) -> Tone:
        return self.subject.tone

    @property
    def file(self) -> str:
        return report_name(self.subject.id)

    @property
    def found(self) -> dict[str, Any]:
        """What each section read, by its key."""
        return {section.key: section.found for section in self.sections}

    def blocks(self, kind: type[B]) -> Iterator[B]:
        """The blocks of one kind, in order."""
        return (block for section in self.sections for block in section.blocks if isinstance(block, kind))


def report_name(release_id: str) -> str:
    """The name of a report's files, without an extension. An id from a journal never leads out of a directory."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in release_id)
    return f"report-{safe.lstrip('.') or 'unknown'}"
