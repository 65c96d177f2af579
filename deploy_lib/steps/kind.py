"""A kind of step: what is needed (`ask`), and what the answer meant (`judge`), both pure.

Each kind has one file beside this one, with the same stem everywhere: `steps/canary.py`, `canary:` in the YAML,
`tests/cases/canary/`. A kind is a record of functions; there is nothing to inherit from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from deploy_lib.model.findings import Finding
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Request


class Settings(BaseModel):
    """What the YAML may say of a step. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer meant. `reason` is a whole clause; `facts` is plain data for the report."""

    status: Status
    reason: str
    release: Release
    findings: tuple[Finding, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)


S = TypeVar("S", bound=Settings)
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Kind(Generic[S, A]):
    """`cloud` says that the step needs the lease; `label` is what people call this step of a plan."""

    name: str
    settings: type[S]
    ask: Callable[[S, Release], Request]
    judge: Callable[[S, Release, A], Verdict]
    answer: type[A]
    cloud: bool = True
    label: Callable[[Any], str] = lambda settings: ""


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def seconds_of(value: object) -> object:
    """ "90s", "1h30m", "250ms" or a number of seconds, as seconds. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, str):
        return value
    text = value.strip()
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{value!r} is not a time; write for example 30s, 5m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


Duration = Annotated[
    float,
    BeforeValidator(seconds_of),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|s|m|h))+$"}]}
    ),
]
"""Seconds; written as 30s, 5m, 1h30m."""


def spoken(seconds: float) -> str:
    """A time as people write it: "90 s" below two minutes, else "3 min"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min"


def counted(number: int, noun: str) -> str:
    """ "1 file", "3 files"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
