"""The whole report, built: what every format is made from, so that they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from deploy_lib.report.blocks import Block
from deploy_lib.report.facts.subject import Subject

B = TypeVar("B")


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
