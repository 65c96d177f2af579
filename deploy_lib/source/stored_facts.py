"""The facts of modules by their image paths: each blob is parsed once for ever when a cache keeps them, and looked up
once in a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from deploy_lib.source.imports.facts import Facts, decode, encode, key
from deploy_lib.source.imports.parse import facts_of
from deploy_lib.source.model import Context, ImageContents

ReadMany = Callable[[Iterable[str]], Iterator[tuple[str, bytes]]]
FactsOfPaths = Callable[[Sequence[str]], Mapping[str, Facts]]


class FactCache(Protocol):
    """Keeps small values by key. Losing any of them costs time and nothing else."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]: ...
    def put(self, values: Mapping[str, bytes]) -> None: ...


def stored_facts(
    contents: ImageContents, context: Context, read_many: ReadMany, cache: FactCache | None
) -> FactsOfPaths:
    """From the cache by blob id, else parsed and put there."""
    by_path: dict[str, Facts] = {}

    def facts(images: Sequence[str]) -> Mapping[str, Facts]:
        paths = {image: contents.files[image] for image in images}
        wanted = [path for path in dict.fromkeys(paths.values()) if path not in by_path]
        keys = {path: key(blob, contents.python) for path in wanted if (blob := context.files[path].blob)}
        stored = cache.get(list(keys.values())) if cache and keys else {}
        for path, name in keys.items():
            found = decode(stored[name]) if name in stored else None
            if found:
                by_path[path] = found
        fresh: dict[str, bytes] = {}
        for path, source in read_many([path for path in wanted if path not in by_path]):
            name = keys.get(path) or key(hashlib.sha256(source).hexdigest(), contents.python)
            by_path[path] = facts_of(source, contents.python)
            fresh[name] = encode(by_path[path])
        if fresh and cache:
            cache.put(fresh)
        return {image: by_path[path] for image, path in paths.items()}

    return facts
