"""Files that git-lfs keeps elsewhere: the commit holds a pointer, and a build from the commit gets just that.

Format of a pointer: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.model import Context

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_POINTER = b"version https://git-lfs.github.com/spec/"
_FILTER = "filter=lfs"


def is_kept_elsewhere(path: str, attributes: Mapping[str, str]) -> bool:
    """`attributes` are the texts of the repository's .gitattributes by path; nearly always none names git-lfs."""
    for file, text in attributes.items():
        if _FILTER in text:
            prefix = posixpath.dirname(file)
            inside = not prefix or path.startswith(f"{prefix}/")
            if inside and _matcher(text).match_file(path[len(prefix) :].lstrip("/")):
                return True
    return False


def find_pointers(context: Context, contents: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """One finding per pointer among `contents`, which are by context path."""
    found = [path for path, content in contents.items() if content.startswith(_POINTER)]
    return tuple(_finding(context.files[path].path) for path in found)


@lru_cache(maxsize=16)
def _matcher(text: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(line.split()[0] for line in text.splitlines() if _FILTER in line.split()[1:])


def _finding(path: str) -> Finding:
    return Finding(
        Code.LFS_POINTER,
        Severity.WARNING,
        f"{path} is kept by git-lfs: the commit holds a pointer to it, and that is what the image would get",
        file=path,
        fix=f"fetch it when the service starts, or keep it in git itself: git lfs untrack {path} && "
        f"git add --renormalize {path} && git commit",
    )
