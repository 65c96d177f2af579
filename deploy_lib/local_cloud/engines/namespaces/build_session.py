"""What the steps of one build share: the store, the log, and the request to stop."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..model import Cancelled
from .overlay_tree import OverlayTree
from .store import ImageStore


@dataclass(frozen=True, slots=True)
class BuildSession:
    store: ImageStore
    directory: Path  # for half-made things; removed when the build ends
    context: OverlayTree
    escape: str
    use_cache: bool
    log: Callable[[str], None]
    cancelled: Callable[[], bool]

    def fresh_directory(self) -> Path:
        """An empty one, for one step; mode 755, because a layer's top directory is an image's root."""
        path = Path(tempfile.mkdtemp(dir=self.directory))
        path.chmod(0o755)
        return path

    def check_cancelled(self) -> None:
        if self.cancelled():
            raise Cancelled("the build was cancelled")
