"""The state of a build stage: its layers, its settings, its build arguments.

A value that each instruction replaces, so a stage can be taken as the start of another without either touching
the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...registry.oci import History, ImageConfig, Layer
from .overlay_tree import OverlayTree
from .store import ImageStore


@dataclass(frozen=True, slots=True)
class BuildState:
    layers: tuple[Layer, ...] = ()  # bottom first
    config: ImageConfig = field(default_factory=ImageConfig)
    args: Mapping[str, str] = field(default_factory=dict)  # ARG values of this stage
    history: tuple[History, ...] = ()
    own_cmd: bool = False  # CMD was set in this stage, not inherited

    @property
    def variables(self) -> dict[str, str]:
        """What $NAME means in an instruction and in RUN: ENV wins over ARG."""
        return {**self.args, **self.config.env}

    @property
    def workdir(self) -> str:
        return self.config.workdir or "/"

    def with_config(self, line: str, config: ImageConfig) -> BuildState:
        return replace(self, config=config, history=(*self.history, History(line, True)))

    def with_layer(self, line: str, layer: Layer | None) -> BuildState:
        """`layer` is None when the instruction changed no file."""
        layers = self.layers if layer is None else (*self.layers, layer)
        return replace(self, layers=layers, history=(*self.history, History(line, layer is None)))


def open_tree(store: ImageStore, layers: tuple[Layer, ...], *, above: tuple[Path, ...] = ()) -> OverlayTree:
    return OverlayTree([*above, *(store.layer_path(layer) for layer in reversed(layers))])
