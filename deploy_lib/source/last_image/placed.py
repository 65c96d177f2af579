"""Where the files of a commit lie in an image, by the content that was seen there."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from deploy_lib.source.last_image.record import LastImage
from deploy_lib.source.model import Staged


@dataclass(frozen=True, slots=True)
class Placed:
    """`files` maps image paths that steps copied to the context paths that they come from now. `made` are image paths,
    without their ending, of what steps made of their own. `other` are predicted paths that they changed or removed."""

    files: Mapping[str, str]
    made: tuple[str, ...] = ()
    other: frozenset[str] = frozenset()


def place(last: LastImage, before: Staged, now: Staged) -> Placed:
    seen, predicted = last.blobs, before.contents.files
    sources: dict[str, list[str]] = defaultdict(list)
    for path, file in before.context.files.items():
        sources[file.blob].append(path)
    copied: dict[str, str] = {}
    made: list[str] = []
    for image, blob in seen.items():
        if image in predicted:
            continue
        source = _nearest(image, sources.get(blob, ())) if blob else None
        if source is not None:
            copied[image] = source
        elif image.endswith((".py", ".so", ".pyc")):
            made.append(_stem(image))
    other = {
        image
        for image, source in predicted.items()
        if image.endswith(".py")
        and _is_below(image, last.roots)
        and seen.get(image) != before.context.files[source].blob
    }
    made += map(_stem, sorted(other))
    files = {image: source for image, source in copied.items() if source in now.context.files}
    files |= _beside(copied, before, now)
    lost = {posixpath.dirname(image) for image in copied.keys() - files.keys() if image.endswith("/__init__.py")}
    gone = {image for image in files for directory in lost if image.startswith(f"{directory}/")}
    made += sorted(lost)
    still = {image: source for image, source in files.items() if image not in gone}
    return Placed(still, tuple(made), frozenset(other))


def _nearest(image: str, sources: Iterable[str]) -> str | None:
    """The file of that content whose path ends most alike; one that is called otherwise is another."""
    own = image.split("/")[::-1]

    def alike(path: str) -> int:
        pairs = zip(own, path.split("/")[::-1], strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    found = max(sources, key=alike, default=None)
    return found if found is not None and alike(found) else None


def _beside(copied: Mapping[str, str], before: Staged, now: Staged) -> dict[str, str]:
    """New modules, which lie where those of their directory do, or of the nearest above it."""
    directories = dict(_pairs(copied))
    found = {}
    for path in now.context.files.keys() - before.context.files.keys():
        above = posixpath.dirname(path)
        while above and above not in directories:
            above = posixpath.dirname(above)
        if path.endswith(".py") and above in directories:
            found[posixpath.join(directories[above], posixpath.relpath(path, above or "."))] = path
    return found


def _pairs(copied: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """src/shop/deep lay in .../site-packages/shop/deep, so that src/shop does in shop, and src in site-packages."""
    for image, source in copied.items():
        inside, outside = posixpath.dirname(source), posixpath.dirname(image)
        yield inside, outside
        while inside and posixpath.basename(inside) == posixpath.basename(outside):
            inside, outside = posixpath.dirname(inside), posixpath.dirname(outside)
            yield inside, outside


def _stem(image: str) -> str:
    directory, _, name = image.rpartition("/")
    return f"{directory}/{name.partition('.')[0]}"


def _is_below(image: str, roots: Iterable[str]) -> bool:
    below = next((root for root in roots if image.startswith(f"{root.rstrip('/')}/")), None)
    return below is not None and "-packages/" not in image[len(below) :]
