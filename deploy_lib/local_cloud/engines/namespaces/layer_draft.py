"""A layer being written by COPY, ADD or WORKDIR, without a sandbox.

Paths are those of the image, already resolved in it. Directories that exist below keep their mode and owner, since
overlayfs shows the topmost one's. An ordinary user cannot give files away, so owners are also noted for the tar.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from .overlay_tree import OverlayTree
from .sandbox import maps_many_ids


class LayerDraft:
    def __init__(self, root: Path, below: OverlayTree) -> None:
        self.root = root
        self._below = below
        self.owners: dict[str, tuple[int, int]] = {}

    def make_directory(self, path: str, mode: int, owner: tuple[int, int]) -> None:
        """With its parents, each as the image has it, else with this mode and owner."""
        names = [name for name in path.split("/") if name]
        for depth in range(1, len(names) + 1):
            inner = "/".join(names[:depth])
            host = self.root / inner
            if host.is_dir() and not host.is_symlink():
                continue
            existing = self._below.find(inner)
            host.mkdir()
            if existing is not None and existing.is_directory:
                self._settle(inner, stat.S_IMODE(existing.status.st_mode), existing.owner)
            else:
                self._settle(inner, mode, owner)

    def set_directory(self, path: str, mode: int, owner: tuple[int, int]) -> None:
        self.make_directory(path, mode, owner)
        self._settle(path.strip("/"), mode, owner)

    def put_file(self, path: str, source: str, mode: int, owner: tuple[int, int]) -> None:
        host = self._clear(path)
        shutil.copyfile(source, host)
        self._settle(path.strip("/"), mode, owner)

    def put_bytes(self, path: str, content: bytes, mode: int, owner: tuple[int, int]) -> None:
        self._clear(path).write_bytes(content)
        self._settle(path.strip("/"), mode, owner)

    def put_link(self, path: str, target: str, owner: tuple[int, int]) -> None:
        self._clear(path).symlink_to(target)
        self._settle(path.strip("/"), None, owner)

    def _clear(self, path: str) -> Path:
        host = self.root / path.strip("/")
        if host.is_symlink() or host.exists():
            host.unlink()
        return host

    def _settle(self, path: str, mode: int | None, owner: tuple[int, int]) -> None:
        host = self.root / path
        if maps_many_ids():
            os.chown(host, *owner, follow_symlinks=False)
        else:
            self.owners[path] = owner
        if mode is not None:
            host.chmod(mode)
