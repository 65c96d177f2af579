"""Several layer directories seen as the one file system they make, without mounting anything.

Layers are kept as overlayfs keeps them: a removed name is a 0:0 character device, a directory that hides those
below carries the xattr user.overlay.opaque. Every path is resolved inside the tree: an absolute symlink starts at
the tree's root and ".." never leaves it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..model import EngineError

OPAQUE = "user.overlay.opaque"
_MOST_LINKS = 40  # the kernel's own limit


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of the merged tree. `path` is absolute in the image, `host` is where its content lies."""

    path: str
    host: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def owner(self) -> tuple[int, int]:
        """As the disk has it. An ordinary user's disk has no owner but that user, who then stands for root."""
        return (self.status.st_uid, self.status.st_gid) if os.geteuid() == 0 else (0, 0)

    def read_link(self) -> str:
        return read_link(self.host)


class OverlayTree:
    """Roots are given topmost first."""

    def __init__(self, roots: Sequence[Path | str]) -> None:
        self._roots = [str(root) for root in roots]

    def find(self, path: str) -> Entry | None:
        """The entry itself, a symlink not followed at the end. `path` has been resolved up to its last name."""
        names = [name for name in path.split("/") if name]
        candidates = self._roots
        for depth, name in enumerate(names):
            last = depth == len(names) - 1
            found = _look_below(candidates, name)
            if not found:
                return None
            status = os.lstat(found[0])
            if last:
                return Entry("/" + "/".join(names), found[0], status)
            if not stat.S_ISDIR(status.st_mode):
                return None  # never let the host follow a link that belongs to the image
            candidates = found
        return Entry("/", self._roots[0], os.lstat(self._roots[0])) if self._roots else None

    def resolve(self, path: str) -> str:
        """The path with every symlink followed; names that do not exist are kept. EngineError on a loop."""
        done: list[str] = []
        pending = [name for name in reversed(path.split("/")) if name]
        links = 0
        while pending:
            name = pending.pop()
            if name == ".":
                continue
            if name == "..":
                del done[-1:]
                continue
            entry = self.find("/".join([*done, name]))
            if entry is None or not entry.is_link:
                done.append(name)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise EngineError(f"too many symbolic links in {path}")
            target = entry.read_link()
            if target.startswith("/"):
                done.clear()
            pending.extend(part for part in reversed(target.split("/")) if part)
        return "/" + "/".join(done)

    def get(self, path: str) -> Entry | None:
        """The entry at the end of all symlinks."""
        return self.find(self.resolve(path))

    def list(self, path: str) -> list[Entry]:
        """The entries of a directory whose path is resolved, by name."""
        candidates = self._roots
        for name in (name for name in path.split("/") if name):
            candidates = _look_below(candidates, name)
        found: dict[str, Entry | None] = {}
        prefix = path.rstrip("/")
        for directory in candidates:
            if not stat.S_ISDIR(os.lstat(directory).st_mode):
                continue
            with os.scandir(directory) as items:
                for item in items:
                    if item.name not in found:
                        status = item.stat(follow_symlinks=False)
                        hidden = _is_whiteout(status)
                        entry = None if hidden else Entry(f"{prefix}/{item.name}", item.path, status)
                        found[item.name] = entry
        return [entry for _, entry in sorted(found.items()) if entry is not None]

    def walk(self, path: str = "/") -> Iterator[Entry]:
        """Every entry below a resolved directory, parents first, in a fixed order."""
        for entry in self.list(path):
            yield entry
            if entry.is_directory:
                yield from self.walk(entry.path)


def _look_below(directories: Sequence[str], name: str) -> list[str]:
    """The host paths that make up `name`: one for a file, several for a directory merged from several layers."""
    found: list[str] = []
    for directory in directories:
        path = f"{directory}/{name}"
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if _is_whiteout(status):
            break
        if not stat.S_ISDIR(status.st_mode):
            if not found:
                found.append(path)
            break
        found.append(path)
        if _is_opaque(path):
            break
    return found


def read_link(path: Path | str) -> str:
    return os.readlink(path)  # noqa: PTH115 - pathlib would tidy the target up, and a layer keeps it as it is


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _is_opaque(path: str) -> bool:
    try:
        return os.getxattr(path, OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False
