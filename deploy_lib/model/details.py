"""What a step found, as its kind records it, and what the report, the diagnosis and the last line may ask of it.

Each kind of step has a frozen dataclass of its own, derived from `Details`. It answers what it knows; of a kind that
answers nothing, every field is shown.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Literal

from deploy_lib.model.answers import Attempt
from deploy_lib.model.evidence import BuildTrouble, Evidence
from deploy_lib.model.image import InsideImage


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests to one revision. `quantiles` are "p95" -> seconds, None where there was no request."""

    requests: int = 0
    errors: int = 0
    refused: int = 0
    quantiles: Mapping[str, float | None] = field(default_factory=dict)


class Whose(enum.StrEnum):
    """Who made requests, or where they were counted."""

    PAIRED = "paired"
    USERS = "real"
    SINGLE = "probe"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests to one of the revisions, and who made or counted them."""

    role: Literal["candidate", "stable"]
    whose: Whose
    figures: Figures
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenTraffic:
    """Revision -> percent. `at`: since when, where that is known better than by the verdict's time."""

    shares: Mapping[str, int]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a report compares with another release; None is not known. `files` and `packages` map to their content."""

    base: str | None = None
    base_digest: str | None = None
    python: str | None = None
    image_size: int | None = None
    context_hash: str | None = None
    image_files: int | None = None
    files: Mapping[str, str] | None = None
    packages: Mapping[str, str] | None = None
    previous_image: str | None = None
    previous_revision: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """The answers of a kind that knows nothing of the question."""

    def traffic_seen(self) -> SeenTraffic | None:
        """Who serves what since this step."""
        return None

    def requests_counted(self) -> tuple[Counted, ...]:
        """The requests that the step counted, by revision."""
        return ()

    def requests_made(self) -> tuple[Attempt, ...]:
        """Single requests to the candidate, in order."""
        return ()

    def inventory(self) -> Inventory | None:
        """What the step learned of the image or the service; None where that is nothing."""
        return None

    def image_seen(self) -> InsideImage | None:
        """What the import check saw of the image."""
        return None

    def settings_changed(self) -> tuple[str, ...] | None:
        """Lines such as "memory: 256Mi -> 512Mi", as the running service reported them."""
        return None

    def build_trouble(self) -> BuildTrouble | None:
        """Why the build failed; None where it did not."""
        return None

    def build_log(self) -> tuple[str, ...] | None:
        """Its last lines, where the build pushed nothing."""
        return None

    def blames_image(self) -> bool:
        """Where the step failed: whether that speaks against the image, so that no later release may bring it."""
        return True

    def evidence(self) -> Evidence | None:
        """What a diagnosis reads of a failure, instead of what the candidate says; None: ask the candidate."""
        return None

    def left_behind(self) -> str:
        """What the step did that stays when the release is taken back, as a sentence; empty where nothing does."""
        return ""

    def taken_back(self, how: str) -> Details:
        """The same of a step that was taken back when the release had failed after it; `how` that went."""
        return self

    def lines(self) -> Iterator[str]:
        """Lines for a reader, of what no other answer has: every field, unless the kind says else."""
        for each in fields(self):
            yield f"{each.name.replace('_', ' ')}: {getattr(self, each.name)}"


@dataclass(frozen=True, slots=True)
class Reported(Details):
    """Of a kind whose findings and answers say all that a reader wants."""

    def lines(self) -> Iterator[str]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Foreign(Details):
    """What a step of a kind that this version does not know, or another version of one, has recorded."""

    values: Mapping[str, object] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        yield from (f"{name}: {value}" for name, value in self.values.items())
