"""The facts of modules by their image paths: each blob is parsed once for ever when a cache keeps them, and looked up
once in a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from deploy_lib.source.imports.facts import Facts, Python, decode, encode, key
from deploy_lib.source.imports.parse import facts_of
from deploy_lib.source.model import Context, ImageContents

Source = tuple[str, bytes]
"""A path and what stands there."""
ReadMany = Callable[[Iterable[str]], Iterator[Source]]
ParseMany = Callable[[Iterable[Source], Python | None], Iterator[tuple[str, Facts, bytes]]]
"""Of each path its facts, and the same as they are kept."""
FactsOfPaths = Callable[[Sequence[str]], Mapping[str, Facts]]


class FactCache(Protocol):
    """Keeps small values by key. Losing any of them costs time and nothing else."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]: ...
    def put(self, values: Mapping[str, bytes]) -> None: ...


def in_turn(sources: Iterable[Source], python: Python | None) -> Iterator[tuple[str, Facts, bytes]]:
    for path, source in sources:
        facts = facts_of(source, python)
        yield path, facts, encode(facts)


def stored_facts(
    contents: ImageContents,
    context: Context,
    read_many: ReadMany,
    cache: FactCache | None,
    parse_many: ParseMany = in_turn,
) -> FactsOfPaths:
    """From the cache by blob id, else parsed and put there."""
    by_path: dict[str, Facts] = {}

    def named(wanted: Iterable[str], keys: dict[str, str]) -> Iterator[Source]:
        """Those without facts; what git knows by no blob id gets a key of its own."""
        for path, source in read_many([path for path in wanted if path not in by_path]):
            keys.setdefault(path, key(hashlib.sha256(source).hexdigest(), contents.python))
            yield path, source

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
        for path, by_path[path], text in parse_many(named(wanted, keys), contents.python):
            fresh[keys[path]] = text
        if fresh and cache:
            cache.put(fresh)
        return {image: by_path[path] for image, path in paths.items()}

    return facts
