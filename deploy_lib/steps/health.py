"""What is asked of a revision, and what a good answer is: set once for a service, inherited by the steps that ask.

A step that names a path takes only `timeout` from the service's `health:`, as another path has other
answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from deploy_lib.model.requests import Expectation
from deploy_lib.model.service import Health
from deploy_lib.steps.kind import Duration, Settings
from deploy_lib.steps.responses import TOO_MANY, is_failure

Code = Annotated[int, Field(ge=100, le=599)]
GOOD = tuple(range(200, 300))
PATH = r"^/[^\x00-\x1f\x7f-\x9f]*$"
"""A path and a query, without what would end the line of a request."""


def codes(given: tuple[int, ...] | int | None) -> tuple[int, ...] | None:
    """The accepted status codes as a tuple; None where none is given."""
    return (given,) if isinstance(given, int) else given or None


def _can_be_good(given: tuple[int, ...] | int | None) -> tuple[int, ...] | int | None:
    """What was given. Raises ValueError for a status that is a failure whatever was expected."""
    for status in codes(given) or ():
        if is_failure(status):
            raise ValueError(f"{status} is always a failure, like {TOO_MANY} and every 5xx")
    return given


Accepted = Annotated[tuple[Code, ...] | Code | None, AfterValidator(_can_be_good)]


class AskSettings(Settings):
    """For a step: what is left out is the service's."""

    path: str | None = Field(
        None, pattern=PATH, description="the path to request; it begins with /; default: health.path"
    )
    status: Accepted = Field(None, description="accepted status code or codes")
    json_: dict[str, object] | None = Field(
        None, alias="json", description="dotted paths in the JSON body and their values"
    )
    text: str | None = Field(None, description="must occur in the body")
    timeout: Duration | None = Field(None, gt=0, description="one request may take this long; default: health.timeout")


class CandidateSettings(AskSettings):
    """For a step that asks the candidate, and looks at it meanwhile."""

    crashes: int = Field(
        2,
        ge=1,
        description="this many ends of its container reject it; a single one may be an instance that was scaled down",
    )

    def why_failed(self, revision_failed: str | None, ends: Sequence[str]) -> str:
        """Of what was seen of the candidate itself; empty when nothing was wrong."""
        if revision_failed or len(ends) < self.crashes:
            return revision_failed or ""
        times = f"{len(ends)} times" if len(ends) > 1 else "once"
        return f"its container ended {times} ({ends[-1]})"


Via = Literal["url", "none"]
"""How a step learns that a revision is well: by asking it, or from what Cloud Run itself says of it."""


@dataclass(frozen=True, slots=True)
class AsksService:
    """What a step that makes requests offers to the others: its kind, and whether it asks a revision alone."""

    step: str
    alone: bool = True


class HealthSettings(AskSettings):
    """For a service, whose steps inherit it."""

    path: str = Field(
        "/health", pattern=PATH, description="the path at which the service reports its health; it begins with /"
    )
    status: Accepted = Field(
        None, description="accepted status code or codes; default: 200 for probe, 2xx for verify, as stable for compare"
    )
    timeout: Duration = Field(10.0, gt=0, description="one request may take this long")

    def as_health(self) -> Health:
        """The settings as the model's value."""
        return Health(self.path, codes(self.status), self.json_, self.text, self.timeout)


@dataclass(frozen=True, slots=True)
class Question:
    """`timeout` in seconds."""

    path: str
    expect: Expectation
    timeout: float


def question(settings: AskSettings, health: Health, status: tuple[int, ...] | None) -> Question:
    """What the step asks; `status` is accepted where neither the step nor the service says one."""
    inherited = health if settings.path in (None, health.path) else Health(timeout=health.timeout)
    wanted = codes(settings.status) or inherited.status or status
    expect = Expectation(wanted, settings.json_ or inherited.json, settings.text or inherited.text)
    return Question(settings.path or health.path, expect, settings.timeout or health.timeout)
