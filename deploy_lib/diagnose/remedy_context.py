"""What a remedy may refer to: how the tool is typed, where the settings are written, and what the commit holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy_lib.model.program import PROGRAM, Invocation
from deploy_lib.source.repository_facts import RepositoryFacts


@dataclass(frozen=True, slots=True)
class RemedyContext:
    """`places` are file:line of the service's keys in the YAML and of its steps ("step probe"); `release` is the id.

    `source` is None where the commit cannot be read, as after an outage on another machine.
    """

    program: Invocation = PROGRAM
    local: bool = False
    release: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    source: RepositoryFacts | None = None

    def place(self, key: str) -> str:
        """file:line of a key of the service, or of the service where it has no such key yet."""
        return self.places.get(key) or self.places.get("service") or "the configuration"

    def write(self, key: str, value: str) -> str:
        """The instruction to give the service a setting."""
        return f"# write {key}: {value} for the service, at {self.place(key)}"
