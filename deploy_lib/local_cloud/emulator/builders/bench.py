"""What one build step's commands work with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...engines.model import Engine, Mount
from ..storage.store import Storage
from .calls import Call
from .paths import to_host
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class Bench:
    """`mounts` are the step's own; `scratch` is a directory for temporary files, emptied with the build."""

    shelf: Shelf
    storage: Storage
    mounts: Sequence[Mount]
    scratch: Path

    @property
    def engine(self) -> Engine:
        return self.shelf.engine

    def path(self, call: Call, text: str) -> Path:
        """The host's path of one the step named. Raises CommandFailed."""
        return to_host(self.mounts, text, call.cwd)
