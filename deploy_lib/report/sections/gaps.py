"""What could not be learned, and where the clocks of the journal disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from deploy_lib.model.journal import Diagnosed, Entry
from deploy_lib.report.blocks import Lines
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts
from deploy_lib.steps.kind import format_duration

SKEW = 1.0  # seconds that two entries may go backwards before it is worth saying


def read(facts: ReleaseFacts) -> tuple[str, ...]:
    """Whole clauses, each once."""
    diagnosed = (gap for entry in facts.entries if isinstance(entry, Diagnosed) for gap in entry.evidence.gaps)
    return tuple(dict.fromkeys((*facts.gaps, *_clocks_disagree(facts.entries), *diagnosed)))


def blocks(gaps: Sequence[str]) -> Iterator[Lines]:
    if gaps:
        yield Lines(tuple(gaps))


def _clocks_disagree(entries: Sequence[Entry]) -> Iterator[str]:
    """Times go backwards when another machine takes a release up."""
    worst = max(((one.at - two.at).total_seconds() for one, two in pairwise(entries)), default=0.0)
    if worst > SKEW:
        most = format_duration(worst)
        yield f"times in the journal go backwards by up to {most}: clocks disagree, so durations may be wrong"


SECTION = Section("gaps", "What could not be learned", read, blocks)
