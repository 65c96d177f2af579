"""What users got: requests, failures and times, by step of the release and by the revision that answered.

Pure: the load generator adds samples, the closing table and the tests read them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

NO_ANSWER = "no answer"  # in place of a revision, when none answered


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. `problem` is empty for a good answer; `seconds` is from the moment it was due."""

    phase: str
    revision: str
    seconds: float
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One phase. `shares` maps a revision to its whole percent of the requests of that phase."""

    phase: str
    requests: int
    failures: int
    shares: dict[str, int]
    median: float
    slowest: float


@dataclass(slots=True)
class RequestStats:
    samples: list[Sample] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        self.samples.append(sample)

    def rows(self) -> list[Row]:
        """One row per phase, in the order in which the phases were first seen."""
        phases = dict.fromkeys(sample.phase for sample in self.samples)
        return [_row(phase, [sample for sample in self.samples if sample.phase == phase]) for phase in phases]

    @property
    def requests(self) -> int:
        return len(self.samples)

    @property
    def failures(self) -> int:
        return sum(bool(sample.problem) for sample in self.samples)

    def problems(self) -> Counter[str]:
        """What went wrong and how often, the most frequent first when asked for with `most_common`."""
        return Counter(f"{sample.problem} from {sample.revision}" for sample in self.samples if sample.problem)


def _row(phase: str, samples: list[Sample]) -> Row:
    times = sorted(sample.seconds for sample in samples)
    return Row(
        phase=phase,
        requests=len(samples),
        failures=sum(bool(sample.problem) for sample in samples),
        shares=percents(sample.revision for sample in samples),
        median=times[len(times) // 2],
        slowest=times[-1],
    )


def percents(names: Iterable[str]) -> dict[str, int]:
    """Whole percents, largest first; a name that occurs at all has at least 1."""
    counts = Counter(names)
    total = sum(counts.values())
    return {name: max(1, round(100 * count / total)) for name, count in counts.most_common()}
