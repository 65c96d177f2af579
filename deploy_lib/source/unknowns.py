"""Which of the unknown parts of an image could matter to what is imported: the others are not worth a word."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from deploy_lib.source.model import SITE_PACKAGES, ImageContents, Unknown


@dataclass(frozen=True, slots=True)
class UnknownPart:
    """What is unknown below one directory, or of one file: the first step that makes it so, and how many more do."""

    first: Unknown
    others: int


def by_place(unknown: Iterable[Unknown]) -> list[UnknownPart]:
    """Each place once, in the order of the Dockerfile."""
    parts: dict[str, list[Unknown]] = {}
    for each in unknown:
        parts.setdefault(each.prefix, []).append(each)
    return [UnknownPart(first, len(others)) for first, *others in parts.values()]


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
