"""Which files a COPY writes, and where: Docker's path rules, without writing anything.

A directory gives its content; a file goes to the name given, or into it when that ends with "/" or is a directory
already. Patterns are Go's filepath.Match, one path part at a time. Nothing outside the source tree is ever found,
whatever ".." or symlinks say. Rules: docs.docker.com/reference/dockerfile, COPY, and BuildKit's fsutil/copy.
"""

from __future__ import annotations

import fnmatch
import hashlib
import posixpath
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .overlay_tree import Entry, OverlayTree

_WILD = frozenset("*?[")
Ids = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to write at `path`, absolute in the image. A heredoc has content and no source."""

    path: str
    mode: int
    owner: Ids
    source: Entry | None = None
    content: bytes = b""
    only_if_new: bool = False  # a directory that, where it exists, keeps its mode and owner

    def identity(self) -> list[object]:
        """Everything that decides what is written."""
        digest = hashlib.sha256(self.content).hexdigest()
        if self.source is not None:
            digest = _identify(self.source)
        return [self.path, self.mode, *self.owner, digest, self.only_if_new]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the flags of one COPY say. None keeps what the source has."""

    owner: Ids | None
    mode: int | None
    excludes: Callable[[str], bool]

    def keeping_owners(self) -> Rules:
        return replace(self, owner=None)

    def make_item(self, path: str, source: Entry, *, only_if_new: bool = False) -> Item:
        mode = stat.S_IMODE(source.status.st_mode) if self.mode is None else self.mode
        owner = source.owner if self.owner is None else self.owner
        return Item(path, mode, owner, source, only_if_new=only_if_new)


@dataclass(frozen=True, slots=True)
class Destination:
    path: str  # absolute in the image, symlinks followed
    is_directory: bool  # written with a trailing "/", or there already as a directory
    exists: bool

    def take(self, name: str) -> str:
        return posixpath.join(self.path, name) if self.is_directory else self.path


def names_directory(destination: str) -> bool:
    return destination in ("", ".") or destination.endswith(("/", "/."))


def find_sources(tree: OverlayTree, pattern: str) -> list[Entry]:
    """What a source word means, symlinks at its end followed. FileNotFoundError when nothing is there."""
    cleaned = posixpath.normpath("/" + pattern)
    paths = _match(tree, cleaned) if _WILD & set(cleaned) else [cleaned]
    found = []
    for path in paths:
        entry = tree.get(path)
        if entry is not None:
            # The name it was asked by counts, not that of the file a link leads to.
            found.append(Entry(path, entry.host, entry.status))
    if not found:
        raise FileNotFoundError(pattern)
    return found


def _match(tree: OverlayTree, pattern: str) -> list[str]:
    paths = ["/"]
    for part in pattern.strip("/").split("/"):
        if not _WILD & set(part):
            paths = [posixpath.join(path, part) for path in paths]
            continue
        listed = [(path, tree.list(tree.resolve(path))) for path in paths]
        expression = part.replace("[^", "[!")
        paths = [
            posixpath.join(path, posixpath.basename(entry.path))
            for path, entries in listed
            for entry in entries
            if fnmatch.fnmatchcase(posixpath.basename(entry.path), expression)
        ]
    return paths


def plan_source(tree: OverlayTree, source: Entry, destination: Destination, rules: Rules) -> Iterator[Item]:
    """The items one source becomes, parents before children."""
    if not source.is_directory:
        name = posixpath.basename(source.path)
        if not rules.excludes(name):
            yield rules.make_item(destination.take(name), source)
        return
    yield rules.make_item(destination.path, source, only_if_new=True)
    inner = tree.resolve(source.path)
    for entry in tree.walk(inner):
        relative = posixpath.relpath(entry.path, inner)
        if not rules.excludes(relative):
            yield rules.make_item(posixpath.join(destination.path, relative), entry)


def _identify(entry: Entry) -> str:
    if entry.is_link:
        return "link " + entry.read_link()
    if entry.is_file:
        with open(entry.host, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return "directory"
