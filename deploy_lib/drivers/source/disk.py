"""Files of the working copy that the commit does not have, given a blob id as if they were committed.

Nothing outside the working copy is ever read: not through "..", not through a symlink. A symlink itself is a file
whose content is its target, as in git.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from deploy_lib.drivers.interface import DriverError
from deploy_lib.source.model import EXECUTABLE, REGULAR, SYMLINK, TreeFile

_PIECE = 1 << 20
_NEVER_SHIPPED = frozenset({".git", "node_modules", "__pycache__"})


class Disk:
    """The working copy at `root`. Every file is hashed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, TreeFile | None] = {}

    def find(self, path: str, *, hashed: bool) -> TreeFile | None:
        """The file at a repository path; None when it is gone, or is no file. Its blob is "" unless `hashed`."""
        known = self._known.get(path)
        if path not in self._known or (known is not None and hashed and not known.blob):
            self._known[path] = self._look(path, hashed)
        return self._known[path]

    def holds(self, file: TreeFile) -> bool:
        """Whether this very file came from here, and not from a commit."""
        return self._known.get(file.path) is file

    def _look(self, path: str, hashed: bool) -> TreeFile | None:
        place = self._root / path
        try:
            status = place.lstat()
            if stat.S_ISLNK(status.st_mode):
                content = os.fsencode(place.readlink())
                return TreeFile(path, SYMLINK, _blob(len(content), [content]), len(content))
            if not stat.S_ISREG(status.st_mode):
                return None
            mode = EXECUTABLE if status.st_mode & stat.S_IXUSR else REGULAR
            blob = ""
            if hashed:
                with open(place, "rb") as file:
                    blob = _blob(status.st_size, iter(lambda: file.read(_PIECE), b""))
            return TreeFile(path, mode, blob, status.st_size)
        except OSError:
            return None

    def read(self, file: TreeFile) -> bytes:
        """Raises DriverError when it is gone meanwhile."""
        place = self._root / file.path
        try:
            return os.fsencode(place.readlink()) if file.mode == SYMLINK else place.read_bytes()
        except OSError as error:
            reason = f"{file.path} cannot be read: {error.strerror}"
            raise DriverError(reason, "run the command again; do not change files while it reads them") from None

    def below(self, directory: str, suffix: str) -> Iterator[str]:
        """Repository paths of the files under a directory that end so, virtual environments and the like left out."""
        for here, directories, names in os.walk(self._root / directory):
            if "pyvenv.cfg" in names:
                directories.clear()
                continue
            directories[:] = sorted(set(directories) - _NEVER_SHIPPED)
            relative = Path(here).relative_to(self._root).as_posix()
            yield from (posixpath.join(relative, name) for name in sorted(names) if name.endswith(suffix))

    def matching(self, patterns: Iterable[str]) -> list[TreeFile]:
        """Files that globs of the configuration name. Raises DriverError for one that leaves the repository."""
        found: dict[str, TreeFile] = {}
        for pattern in patterns:
            parts = pattern.split("/")
            if pattern.startswith("/") or ".." in parts or ":" in parts[0]:
                raise DriverError(f"include: {pattern} leaves the repository", "name files inside it, with globs")
            for place in sorted(self._root.glob(pattern)):
                path = place.relative_to(self._root).as_posix()
                inside = place.resolve().is_relative_to(self._root.resolve())
                if inside and ".git" not in path.split("/") and (file := self.find(path, hashed=True)):
                    found[path] = file
        return list(found.values())


def _blob(size: int, pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
