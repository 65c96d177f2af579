"""The report as a document: its sections, as each file of `sections/` declares one and as it is built for a release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

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


@dataclass(frozen=True, slots=True)
class Report:
    subject: Subject
    headline: str
    sections: tuple[BuiltSection, ...]
    made: datetime
    zone: str  # IANA name, or an offset, of the local times shown

    @property
    def found(self) -> dict[str, Any]:
        """What each section read, by its key."""
        return {section.key: section.found for section in self.sections}

    def blocks(self, kind: type[B]) -> Iterator[B]:
        """The blocks of one kind, in order."""
        return (block for section in self.sections for block in section.blocks if isinstance(block, kind))
