"""What the commands of one build step need: images, storage, mounts and a scratch directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...engines.model import Engine, Mount
from ..storage.store import Storage
from .built_images import BuiltImages
from .paths import to_host
from .shim_server import ShimCall


@dataclass(frozen=True, slots=True)
class StepContext:
    """`mounts` are the step's own; `scratch` is a directory for temporary files, emptied with the build."""

    built: BuiltImages
    storage: Storage
    mounts: Sequence[Mount]
    scratch: Path

    @property
    def engine(self) -> Engine:
        return self.built.engine

    def path(self, call: ShimCall, text: str) -> Path:
        """The host's path of one the step named. Raises CommandFailed."""
        return to_host(self.mounts, text, call.cwd)
