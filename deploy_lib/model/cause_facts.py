"""What the evidence of a cause shows besides the sentence: for the remedy, the report, and readers of the JSON events.

One record per class of causes, told apart by `type`. What is None or empty is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field


@dataclass(frozen=True, slots=True)
class _Facts:
    """What any cause may have: how the container ended, and the status of the response that was no good."""

    exit_code: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class PlainFacts(_Facts):
    """Of a cause that its sentence says whole."""

    type: Literal["plain"] = "plain"


@dataclass(frozen=True, slots=True)
class NameFacts(_Facts):
    """A name that the module does not define."""

    name: str | None = None
    type: Literal["name"] = "name"


@dataclass(frozen=True, slots=True)
class SettingsFacts(_Facts):
    """Environment variables that are missing or wrong."""

    variables: tuple[str, ...] = ()
    type: Literal["settings"] = "settings"


@dataclass(frozen=True, slots=True)
class FileFacts(_Facts):
    """A file that is missing or that Python cannot read; `line` where it stops reading."""

    file: str | None = None
    line: int | None = None
    null_bytes: bool = False
    type: Literal["file"] = "file"


@dataclass(frozen=True, slots=True)
class LibraryFacts(_Facts):
    """A shared library."""

    library: str | None = None
    type: Literal["library"] = "library"


@dataclass(frozen=True, slots=True)
class CommandFacts(_Facts):
    """The start command."""

    command: str | None = None
    type: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class PortFacts(_Facts):
    """The port on which the server listens, and the one on which it is asked."""

    listens: int | None = None
    expected: int | None = None
    type: Literal["port"] = "port"


@dataclass(frozen=True, slots=True)
class StartTimeFacts(_Facts):
    """Seconds that the server needed to listen, and seconds that the start-up probe allows if they were too few."""

    needed: float | None = None
    allowed: float | None = None
    type: Literal["start_time"] = "start_time"


@dataclass(frozen=True, slots=True)
class MemoryFacts(_Facts):
    """As the platform writes amounts of memory."""

    limit: str | None = None
    peak: str | None = None
    type: Literal["memory"] = "memory"


@dataclass(frozen=True, slots=True)
class UpstreamFacts(_Facts):
    """host:port that did not answer."""

    upstream: str | None = None
    type: Literal["upstream"] = "upstream"


@dataclass(frozen=True, slots=True)
class Quota:
    """Of Google; `name` is the metric's."""

    name: str
    requested: int
    allowed: int


@dataclass(frozen=True, slots=True)
class RefusalFacts(_Facts):
    """What the platform refused, and what its message names. `caller` made the call, `account` is in the message."""

    message: str | None = None
    account: str | None = None
    caller: str | None = None
    permission: str | None = None
    image: str | None = None
    quota: Quota | None = None
    type: Literal["refusal"] = "refusal"


@dataclass(frozen=True, slots=True)
class SecretFacts(_Facts):
    """A secret, the account that reads it, and the role that the account lacks."""

    secret: str | None = None
    version: str | None = None
    account: str | None = None
    role: str | None = None
    message: str | None = None
    type: Literal["secret"] = "secret"


@dataclass(frozen=True, slots=True)
class _BuildFacts(_Facts):
    """`build` is the id at Cloud Build."""

    build: str | None = None


@dataclass(frozen=True, slots=True)
class BuildFacts(_BuildFacts):
    """A build that failed for no reason of its Dockerfile."""

    type: Literal["failed_build"] = "failed_build"


@dataclass(frozen=True, slots=True)
class RequirementFacts(_BuildFacts):
    """A requirement that pip could not install."""

    requirement: str | None = None
    type: Literal["requirement"] = "requirement"


@dataclass(frozen=True, slots=True)
class DockerfileFacts(_BuildFacts):
    """The base image, or the path that a COPY names."""

    base: str | None = None
    path: str | None = None
    type: Literal["dockerfile"] = "dockerfile"


CauseFacts = Annotated[
    PlainFacts
    | NameFacts
    | SettingsFacts
    | FileFacts
    | LibraryFacts
    | CommandFacts
    | PortFacts
    | StartTimeFacts
    | MemoryFacts
    | UpstreamFacts
    | RefusalFacts
    | SecretFacts
    | BuildFacts
    | RequirementFacts
    | DockerfileFacts,
    Field(discriminator="type"),
]

NOTHING_ELSE = PlainFacts()
