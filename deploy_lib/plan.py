"""The plan of one service's release: its steps in order, each with its settings, and the policy when one fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from deploy_lib.model.freeze import FreezeWindow
from deploy_lib.model.program import PROGRAM, Invocation
from deploy_lib.model.service import Service
from deploy_lib.steps.kind import Kind, Settings
from deploy_lib.steps.position import Position

OnFailure = Literal["restore", "hold"]
OnInconclusive = Literal["hold", "restore", "continue"]
S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of `steps:`. `place` is file:line:column of it in the YAML."""

    kind: Kind[Any, Any, Any]
    settings: Settings
    place: str = ""

    @property
    def label(self) -> str:
        """The kind, and what tells this step from another of its kind: "promote 10 %"."""
        return f"{self.kind.name} {self.kind.label(self.settings)}".strip()

    @property
    def position(self) -> Position:
        """Where it may stand, with these settings."""
        return self.kind.stands(self.settings) if self.kind.stands else self.kind.position


@dataclass(frozen=True, slots=True)
class Plan:
    """What `config` makes of a YAML file for one service."""

    service: Service
    steps: tuple[Step, ...]
    on_failure: OnFailure = "restore"
    on_inconclusive: OnInconclusive = "hold"
    path: str = ""  # the YAML file
    local: bool = False  # against the local cloud
    freeze: tuple[FreezeWindow, ...] = ()  # when no release begins
    program: Invocation = PROGRAM  # as it is typed for this service
    places: Mapping[str, str] = field(default_factory=dict)  # file:line of the service ("service") and of its keys

    @property
    def promotes(self) -> bool:
        """Whether a release ends with the candidate serving; else it ends with the candidate up, without users."""
        return self.service.job is not None or any(step.position.moves_traffic for step in self.steps)

    @property
    def program_here(self) -> Invocation:
        """As it is typed for this region alone, where the service has several."""
        return replace(self.program, region=self.service.region) if self.service.regions else self.program

    def settings(self, kind: type[S]) -> S | None:
        """Those of the first step that has such settings."""
        return next((step.settings for step in self.steps if isinstance(step.settings, kind)), None)
