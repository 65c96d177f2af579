"""Where in the build context a file would lie that the image lacks, judged by what brought its neighbours.

COPY maps whole directories, so the pairs of directories that present files show (/app from "", /srv from "backend")
tell where an absent one would have come from.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence


class Origins:
    """`files` maps image paths to context paths."""

    def __init__(self, files: Mapping[str, str]) -> None:
        counted: Counter[tuple[str, str]] = Counter()
        seen: dict[tuple[str, str], tuple[str, str]] = {}
        for image, context in files.items():
            directory, _, name = image.rpartition("/")
            source, _, own_name = context.rpartition("/")
            if name == own_name:
                if (directory, source) not in seen:
                    seen[directory, source] = _shortest(directory, source)
                counted[seen[directory, source]] += 1
        self._pairs = sorted(counted, key=lambda pair: (-len(pair[0]), -counted[pair]))

    def of(self, image: str) -> Iterator[str]:
        """Context paths that would become this image path, the most likely first."""
        for directory, source in self._pairs:
            if image.startswith(f"{directory}/"):
                yield posixpath.join(source, image[len(directory) + 1 :])


def stems(module: str, roots: Sequence[str]) -> Iterator[str]:
    """Image paths of the module without their ending, in the order Python looks."""
    for root in roots:
        yield posixpath.join(root, *module.split("."))


def _shortest(directory: str, source: str) -> tuple[str, str]:
    """Both without the directories at their ends that have the same names."""
    while source and directory and posixpath.basename(directory) == posixpath.basename(source):
        directory, source = posixpath.dirname(directory).rstrip("/"), posixpath.dirname(source)
    return directory, source
