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
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path

from deploy_lib.drivers.compute_once import ComputeOnce
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.service import BuildSource
from deploy_lib.source.model import EXECUTABLE, REGULAR, SYMLINK, TreeFile

_PIECE = 1 << 20
_WILD = frozenset("*?[\\")
_NEVER_SHIPPED = frozenset({".git", "node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Included:
    """What the configuration takes from the disk on purpose, and an error for each pattern that matches nothing."""

    files: tuple[TreeFile, ...] = ()
    findings: tuple[Finding, ...] = ()


class Disk:
    """The working copy at `root`. Every file is hashed once. Safe to share between threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, TreeFile | None] = {}
        self._given: set[TreeFile] = set()
        self._included: ComputeOnce[tuple[tuple[str, ...], tuple[str, ...]], Included] = ComputeOnce()

    def find(self, path: str, *, hashed: bool) -> TreeFile | None:
        """The file at a repository path; None when it is gone, or is not a file. Its blob is "" unless `hashed`."""
        known = self._known.get(path)
        if path not in self._known or (known is not None and hashed and not known.blob):
            known = self._known[path] = self._look(path, hashed)
            if known is not None:
                self._given.add(known)
        return known

    def holds(self, file: TreeFile) -> bool:
        """Whether this file came from here, and not from a commit: those of a commit have no size."""
        return file in self._given

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

    def included(self, source: BuildSource) -> Included:
        """The files that include: names, each hashed. Raises DriverError for a pattern that leaves the repository."""
        return self._included.get((source.include, source.include_places), lambda: self._include(source))

    def _include(self, source: BuildSource) -> Included:
        found: dict[str, TreeFile] = {}
        findings: list[Finding] = []
        for pattern, place in zip_longest(source.include, source.include_places[: len(source.include)]):
            matches = [file for path in included_paths(self._root, pattern) if (file := self.find(path, hashed=True))]
            found |= {file.path: file for file in matches}
            if not matches:
                findings.append(_matches_nothing(pattern, place or ""))
        return Included(tuple(found.values()), tuple(findings))


def included_paths(root: Path, pattern: str) -> Iterator[str]:
    """Repository paths that a pattern of include: matches, in order. Raises DriverError when it leaves the repository.

    A pattern means what it means in a .gitignore that stands at the repository's top and begins each line with "/"
    (https://git-scm.com/docs/gitignore): "**" is any number of directories, and a directory is all that lies in it.
    """
    from pathspec import GitIgnoreSpec

    parts = pattern.split("/")
    if pattern.startswith("/") or ".." in parts or ":" in parts[0]:
        raise DriverError(f"include: {pattern} leaves the repository", "name files inside it, with globs")
    wanted = GitIgnoreSpec.from_lines([f"/{'/'.join(part for part in parts if part != '.')}"])
    plain = list(takewhile(lambda part: not _WILD & set(part), parts))
    start = root.joinpath(*plain)
    within = os.path.realpath(root)
    for here, directories, names in _walk(start):
        directories[:] = sorted(set(directories) - {".git"})
        for name in sorted(names):
            place = here / name
            path = place.relative_to(root).as_posix()
            if wanted.match_file(path) and Path(os.path.realpath(place)).is_relative_to(within):
                yield path


def _walk(start: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """os.walk, which a single file is part of too. Symlinks to directories are not followed."""
    if start.is_file():
        yield start.parent, [], [start.name]
    for here, directories, names in os.walk(start):
        yield Path(here), directories, names


def _matches_nothing(pattern: str, place: str) -> Finding:
    file, _, line = place.partition(":")
    number = line.partition(":")[0]
    return Finding(
        Code.INCLUDE_MATCHES_NOTHING,
        Severity.ERROR,
        f"include: {pattern} matches no file on this disk, so the image would lack what it names",
        file=file or None,
        line=int(number) if number.isdigit() else None,
        fix=f"make the files first, or remove {pattern} from include:",
    )


def _blob(size: int, pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
