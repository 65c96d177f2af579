"""What a line or an exception means, before it is known how often and where it was seen."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_lib.model.cause_facts import NOTHING_ELSE, CauseFacts
from deploy_lib.model.codes import Code


@dataclass(frozen=True, slots=True)
class Meaning:
    kind: Code
    sentence: str
    module: str | None = None
    facts: CauseFacts = NOTHING_ELSE

    @property
    def specific(self) -> bool:
        """Whether more is known than that Python failed."""
        return self.kind != Code.PYTHON_ERROR


@dataclass(frozen=True, slots=True)
class MeaningfulLine:
    """`row` is the index of the line."""

    row: int
    meaning: Meaning
