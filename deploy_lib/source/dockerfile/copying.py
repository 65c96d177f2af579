"""COPY and ADD on trees: which file goes where.

A directory gives its content; a file goes to the name given, or into it when that ends with "/" or is a directory
already. What a tree does not know, a copy from it does not know either, and says so.
Rules: https://docs.docker.com/reference/dockerfile/#copy and BuildKit's fsutil; the local cloud's engine carries the
same instructions out for real, and tests compare the two.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from e2b_dockerfile_utils import PatternMatcher

from deploy_lib.source.dockerfile.tree import Tree, is_wild
from deploy_lib.source.model import Rule, Unknown


@dataclass(frozen=True, slots=True)
class Copy:
    """One COPY with its words expanded. `fresh`: --link, which does not see what the image holds."""

    sources: tuple[str, ...]
    destination: str
    workdir: str
    rule: Rule
    excludes: tuple[str, ...] = ()
    parents: bool = False
    fresh: bool = False
    sources_known: bool = True  # False: from an image that nobody read, or a stage whose base brings files

    @property
    def target(self) -> str:
        """Absolute, without a trailing slash."""
        return "/" + posixpath.normpath(posixpath.join(self.workdir, self.destination)).lstrip("/")

    @property
    def names_directory(self) -> bool:
        return self.destination in ("", ".", "..") or self.destination.endswith(("/", "/.", "/.."))

    def unknown(self, path: str, reason: str) -> Unknown:
        return Unknown(path, reason, self.rule.line)


def copy(order: Copy, source: Tree, into: Tree) -> list[str]:
    """Writes into `into`; the source words that match nothing. ValueError for what the builder refuses."""
    missing: list[str] = []
    target = order.target if order.fresh else into.resolve(order.target)
    many = order.names_directory or order.parents or (not order.fresh and target in into.directories)
    excluded = PatternMatcher(list(order.excludes)).matches if order.excludes else _nothing
    for word in order.sources:
        matches = source.match(word.replace("/./", "/"))
        if not matches:
            if order.sources_known:
                missing.append(word)
            else:
                into.unknown.append(order.unknown(_guess(order, word, target, many), _unread(word)))
        for path in matches:
            base = posixpath.join(target, _kept(word, path)) if order.parents else target
            _copy_one(order, source, into, path, base, many, excluded)
        _carry_unknown(order, source, into, word, target)
    if many:
        into.add_directory(target)
    return missing


def _copy_one(
    order: Copy, source: Tree, into: Tree, path: str, base: str, many: bool, excluded: Callable[[str], bool]
) -> None:
    real = source.resolve(path)
    if real in source.files:
        name = posixpath.basename(path)
        if not excluded(name):
            to = posixpath.join(base, name) if many and not order.parents else base
            _put(order, into, to, source.files[real])
        return
    _make_directory(order, into, base)
    cut = len(real) if real != "/" else 0
    prefix = base.rstrip("/")
    for inner in list(source.below(real)):
        relative = inner[cut:]
        if not excluded(relative[1:]):
            _put(order, into, prefix + relative, source.files[inner], source.links.get(inner))
    for directory in [each for each in source.directories if each.startswith(f"{real}/" if cut else "/")]:
        if directory != "/" and not excluded(directory[cut + 1 :]):
            _make_directory(order, into, posixpath.join(base, directory[cut + 1 :]))


def _put(order: Copy, into: Tree, path: str, origin: str, link: str | None = None) -> None:
    if path in into.directories and not order.fresh:
        raise ValueError(f"{path} is a directory in the image and a file in the source")
    _make_directory(order, into, posixpath.dirname(path))
    into.put(path, origin, order.rule, link)


def _make_directory(order: Copy, into: Tree, path: str) -> None:
    if path not in into.directories:
        if path in into.files and path not in into.links and not order.fresh:
            raise ValueError(f"{path} is a file in the image and a directory in the source")
        into.add_directory(path)


def _kept(word: str, path: str) -> str:
    """What --parents keeps of a path: all of it, or what follows the "/./" of the word."""
    before, pivot, _ = word.partition("/./")
    if not pivot:
        return path.lstrip("/")
    depth = len([part for part in before.split("/") if part not in ("", ".")])
    return "/".join(path.strip("/").split("/")[depth:])


def _carry_unknown(order: Copy, source: Tree, into: Tree, word: str, target: str) -> None:
    """What is uncertain where it comes from stays uncertain where it goes."""
    if not source.unknown or is_wild(word):
        into.unknown.extend(order.unknown(target, each.reason) for each in source.unknown if is_wild(word))
        return
    path = source.resolve("/" + posixpath.normpath("/" + word).lstrip("/"))
    for each in source.unknown:
        if covers(each.prefix, path):
            into.unknown.append(order.unknown(target, each.reason))
        elif covers(path, each.prefix):
            relative = each.prefix[len(path.rstrip("/")) + 1 :]
            into.unknown.append(order.unknown(posixpath.join(target, relative), each.reason))


def _guess(order: Copy, word: str, target: str, many: bool) -> str:
    """Where a source that nobody can see may end up: a single file under its name, a directory anywhere below."""
    single = many and len(order.sources) > 1
    return posixpath.join(target, posixpath.basename(word.rstrip("/"))) if single else target


def _unread(word: str) -> str:
    return f"{word} comes from an image or a step that cannot be read beforehand"


def covers(prefix: str, path: str) -> bool:
    """Whether `path` is `prefix` or lies below it."""
    return prefix == "/" or path == prefix or path.startswith(f"{prefix}/")


def _nothing(path: str) -> bool:
    return False


def resolve_links(tree: Tree) -> Iterator[Unknown]:
    """Gives every symlink what it leads to, since an import follows it; what leads out of the tree is unknown."""
    for path, target in list(tree.links.items()):
        real = tree.resolve(path)
        rule = tree.by.get(path)
        del tree.links[path]
        if real in tree.files and real != path:
            tree.files[path] = tree.files[real]
        elif real in tree.directories:
            origin = {inner[len(real) :]: tree.files[inner] for inner in tree.below(real)}
            tree.files.pop(path)
            tree.by.pop(path, None)
            for relative, file in origin.items():
                tree.put(path + relative, file, rule)
        else:
            yield Unknown(path, f"a symlink to {target}, which the image gets from elsewhere", rule.line if rule else 0)
