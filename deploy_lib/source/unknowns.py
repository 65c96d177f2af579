"""Which of the unknown parts of an image could matter to what is imported: the others are not worth a word."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from deploy_lib.source.model import SITE_PACKAGES, ImageContents, Unknown


def relevant(contents: ImageContents, roots: Sequence[str], *, followed: bool) -> Iterator[Unknown]:
    """`roots` are the image directories of sys.path. `followed`: the application's modules were found, so that where
    the project itself is installed does not matter."""
    for each in dict.fromkeys(contents.unknown):
        if each.prefix == SITE_PACKAGES:
            if not followed:
                yield each
        elif any(_may_hold_modules(each.prefix.rstrip("/"), root.rstrip("/")) for root in roots or (contents.workdir,)):
            yield each


def _may_hold_modules(prefix: str, root: str) -> bool:
    """A directory above sys.path or on it, or below it a file or a directory that an import can name."""
    if f"{root}/".startswith(f"{prefix}/"):
        return True
    if not prefix.startswith(f"{root}/"):
        return False
    *above, name = prefix[len(root) + 1 :].split("/")
    stem, ending = posixpath.splitext(name)
    return all(part.isidentifier() for part in above) and stem.isidentifier() and ending in ("", ".py", ".so", ".pth")
