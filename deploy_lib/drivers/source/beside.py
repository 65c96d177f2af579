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

from deploy_lib.source.model import DiskFile


class Beside(Mapping[str, DiskFile]):
    """Iterates over what git names. An ignored directory stands as "path/"."""

    def __init__(self, root: Path, files: Mapping[str, DiskFile]) -> None:
        self._root = root
        self._files = files

    def __getitem__(self, path: str) -> DiskFile:
        if path in self._files:
            return self._files[path]
        above = path
        while above:
            directory = self._files.get(f"{above}/")
            if directory is not None and os.path.lexists(self._root / path):
                return replace(directory, path=path)
            above = posixpath.dirname(above)
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
