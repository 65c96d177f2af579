"""What one build step's commands work with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_lib.emulator.builders.calls import Call
from deploy_lib.emulator.builders.paths import to_host
from deploy_lib.emulator.builders.shelf import Shelf
from deploy_lib.emulator.storage.store import Storage
from deploy_lib.engines.model import Engine, Mount


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
