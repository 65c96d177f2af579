"""A kind of step: what is needed (`ask`), and what the answer meant (`judge`), both pure.

Each kind has one file or folder beside this one, with the same name everywhere: `steps/canary.py`, `canary:` in the
YAML, `tests/cases/canary/`. A kind is a record of values and functions; there is nothing to inherit from it.
docs/decisions/017-a-step-kind-owns-itself.md shows the file that a new one is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from deploy_lib.model.counting import counted
from deploy_lib.model.findings import Finding
from deploy_lib.model.release import Release, Status
from deploy_lib.model.service import Health, Service
from deploy_lib.steps.again import Again
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.position import Position

if TYPE_CHECKING:
    from deploy_lib.model.details import Details


class Settings(BaseModel):
    """What the YAML may say of a step. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer meant. `reason` is a whole clause; `conflict` says that somebody else changed the service, `hold`
    that a person must decide what follows, whatever the policy of the plan is."""

    status: Status
    reason: str
    release: Release
    findings: tuple[Finding, ...] = ()
    details: Details | None = None
    conflict: bool = False
    hold: bool = False


S = TypeVar("S", bound=Settings)
R = TypeVar("R")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Usual:
    """One stand in a usual plan. `place` orders them all; `reference` is its entry of config/reference.yaml.

    `settings` are those that `init` writes; None leaves it out there. `local` are those that it writes beside or
    instead of them for the local cloud, where no user is at risk and a release is to be over soon.
    """

    place: int
    reference: str
    settings: Mapping[str, object] | None = None
    local: Mapping[str, object] = field(default_factory=dict)


class NotWritten(ValueError):
    """A short form that cannot be written out. `key` is the setting that is wrong; "" for the entry itself."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = key


@dataclass(frozen=True, slots=True)
class ShortForm:
    """An entry with the setting `key` stands for several steps: `write_out` gives each, by name with its settings.

    `schema` are the properties it adds to the kind's own. `write_out` raises NotWritten.
    """

    key: str
    write_out: Callable[[dict[str, Any]], Sequence[tuple[str, dict[str, Any]]]]
    schema: Mapping[str, Any]


def described(request: object) -> str:
    """What a request asks for, field by field: for a kind that has no words of its own."""
    parts = []
    for each in fields(request) if is_dataclass(request) else ():
        value = getattr(request, each.name)
        if isinstance(value, BaseModel):
            parts += [f"{name}: {given}" for name, given in value.model_dump(by_alias=True).items()]
        elif not isinstance(value, Release):
            parts.append(f"{each.name}: {value}")
    name = type(request).__name__
    return f"{name} ({', '.join(parts)})" if parts else name


def _no_label(settings: Any) -> str:
    return ""


def _fits(settings: Any, name: str, health: Health) -> str:
    return ""


def _nothing(settings: Any, service: Service) -> object | None:
    return None


def _keeps(settings: Any, release: Release) -> object | None:
    return None


def _as_is(settings: S, offered: Sequence[object]) -> S:
    return settings


@dataclass(frozen=True, slots=True)
class Kind(Generic[S, R, A]):
    """All that the house knows of a kind of step. Everything else goes over the kinds and knows none by its name."""

    name: str
    settings: type[S]
    ask: Callable[[S, Release], R]
    judge: Callable[[S, Release, A], Verdict | Again]
    request: type[R]
    answer: type[A]
    details: type[Details]
    usual: tuple[Usual, ...]
    known_bad: tuple[BadCase, ...]
    position: Position
    later: tuple[type, ...] = ()  # the requests that its `judge` may make after the first
    describe: Callable[[R], str] = described  # what `plan` says it would do
    label: Callable[[Any], str] = _no_label  # tells this step of a plan from another of its kind
    cloud: bool = True  # it needs the lease
    of_jobs: bool = False  # a job that is released by itself may have it in its steps
    only_reads: bool = False  # `plan` does it for real
    short_form: ShortForm | None = None
    unfit: Callable[[Any, str, Health], str] = _fits  # why no service with that name and health: could pass it
    offers: Callable[[Any, Service], object | None] = _nothing  # what other steps of its plan may want to know
    takes: Callable[[Any, Sequence[object]], Any] = _as_is  # its settings, with what the others offer
    take_back: Callable[[Any, Release], object | None] = _keeps  # asked where the release fails after it has passed
    filled_in: tuple[str, ...] = ()  # settings with ${COMMIT} and the like, which its `ask` fills in
    stands: Callable[[Any], Position] | None = None  # where its settings decide that; else `position` does

    @property
    def has_a_way_back(self) -> bool:
        """Whether it may leave something that only it takes back."""
        return self.take_back is not _keeps

    def verdict(self, settings: S, release: Release, answer: A) -> Verdict:
        """Of an answer that must be enough. Raises ValueError for one that `judge` would look again after."""
        found = self.judge(settings, release, answer)
        if isinstance(found, Again):
            raise ValueError(f"{self.name}: too early to judge")
        return found


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


def format_duration(seconds: float) -> str:
    """A time as people write it: "90 s" below two minutes, "3 min" up to three hours, else "24 h"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds <= 10800 else f"{seconds / 3600:.3g} h"


def first_of(problems: Sequence[Finding]) -> str:
    """The message of the first one, and how many there are besides. Raises IndexError where there is none."""
    more = f" (and {counted(len(problems) - 1, 'more problem')})" if len(problems) > 1 else ""
    return problems[0].message + more
