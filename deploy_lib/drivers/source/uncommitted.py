"""Files on the disk that the commit does not hold as they are, looked up by path.

git names an ignored directory and not what lies in it; a file in it is looked for on the disk when it is asked for,
so a virtual environment or a folder of data costs nothing.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from deploy_lib.model.file_state import NOT_IN_GIT
from deploy_lib.source.file_kinds import FileKind, holds_key, kind_of
from deploy_lib.source.model import DiskFile

_MAY_HOLD_KEYS = (FileKind.PROGRAM, FileKind.SOURCE, FileKind.OTHER)
_BEGINNING = 4096  # bytes that are looked at for a key


class UncommittedFiles(Mapping[str, DiskFile]):
    """Iterates over what git names. An ignored directory stands as "path/"."""

    def __init__(self, root: Path, files: Mapping[str, DiskFile]) -> None:
        self._root = root
        self._files = files
        self._secret: dict[str, bool] = {}

    def __getitem__(self, path: str) -> DiskFile:
        if path in self._files:
            return self._noting_keys(self._files[path])
        above = path
        while above:
            directory = self._files.get(f"{above}/")
            if directory is not None and os.path.lexists(self._root / path):
                return self._noting_keys(replace(directory, path=path))
            above = posixpath.dirname(above)
        raise KeyError(path)

    def _noting_keys(self, file: DiskFile) -> DiskFile:
        """The same, marked where it holds a private key, which must never be committed."""
        if file.state not in NOT_IN_GIT or file.path.endswith("/"):
            return file
        if kind_of(file.path) not in _MAY_HOLD_KEYS:
            return file
        if file.path not in self._secret:
            self._secret[file.path] = _holds_key(self._root / file.path)
        return replace(file, secret=True) if self._secret[file.path] else file

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _holds_key(place: Path) -> bool:
    """Nothing outside the working copy is read: a symlink is not followed."""
    try:
        with open(
            os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)), "rb"
        ) as file:
            return holds_key(file.read(_BEGINNING))
    except OSError:
        return False
