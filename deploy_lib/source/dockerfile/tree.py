"""A tree of files with their origin: the build context, and each stage of an image while it is read.

Paths are absolute, with "/" as the top; the context's own paths are written so too. A file's value is the context
path whose content it has. Nothing is stored for a directory but that it exists.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from e2b_dockerfile_utils import PatternMatcher

from deploy_lib.source.model import Rule, Unknown

_WILD = frozenset("*?[\\")
_LINKS_FOLLOWED = 40  # as Linux does


class Tree:
    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.by: dict[str, Rule] = {}
        self.links: dict[str, str] = {}
        self.unknown: list[Unknown] = []
        self.directories: set[str] = {"/"}
        self._children: dict[str, set[str]] | None = None

    @classmethod
    def of_context(cls, paths: Iterable[str], links: Mapping[str, str]) -> Tree:
        """`links` are the targets of those paths that are symlinks."""
        tree = cls()
        tree.files = {f"/{path}": path for path in paths}
        tree.links = {f"/{path}": target for path, target in links.items()}
        for directory in {path.rpartition("/")[0] for path in tree.files}:
            tree.add_directory(directory or "/")
        return tree

    def copy(self) -> Tree:
        other = Tree()
        other.files, other.by, other.links = dict(self.files), dict(self.by), dict(self.links)
        other.unknown, other.directories = list(self.unknown), set(self.directories)
        return other

    def put(self, path: str, origin: str, rule: Rule | None, link: str | None = None) -> None:
        parent = path.rpartition("/")[0] or "/"
        if parent not in self.directories:
            self.add_directory(parent)
        self.files[path] = origin
        if rule is not None:
            self.by[path] = rule
        if link is not None:
            self.links[path] = link
        elif self.links:
            self.links.pop(path, None)
        self._children = None

    def add_directory(self, path: str) -> None:
        while path not in self.directories:
            self.directories.add(path)
            path = posixpath.dirname(path)

    def below(self, directory: str) -> Iterator[str]:
        """Paths of the files in a directory, at any depth."""
        if directory == "/":
            return iter(self.files)
        prefix = f"{directory}/"
        return (path for path in self.files if path.startswith(prefix))

    def has_files(self, path: str) -> bool:
        """Whether the path is a file, or a directory that holds some at any depth."""
        return path in self.files or any(True for _ in self.below(path))

    def resolve(self, path: str) -> str:
        """The path with every symlink on its way followed, inside this tree."""
        for _ in range(_LINKS_FOLLOWED):
            if not self.links:
                break
            parts = path.strip("/").split("/")
            prefixes = ("/" + "/".join(parts[:end]) for end in range(1, len(parts) + 1))
            link = next((prefix for prefix in prefixes if prefix in self.links), None)
            if link is None:
                break
            path = posixpath.normpath(posixpath.join(posixpath.dirname(link), self.links[link]) + path[len(link) :])
        return path

    def holds(self, path: str) -> bool:
        return path in self.files or path in self.directories

    def match(self, pattern: str) -> list[str]:
        """Files and directories a source word means, in order. Go's filepath.Match per part; "**" spans parts."""
        # Nothing outside the tree is ever meant, whatever ".." says.
        cleaned = posixpath.normpath("/" + pattern)
        cleaned = "/" + cleaned.lstrip("/")
        if not _WILD & set(cleaned):
            resolved = self.resolve(cleaned)
            return [cleaned] if self.holds(resolved) else []
        found = ["/"]
        for part in cleaned.strip("/").split("/"):
            found = list(dict.fromkeys(self._step(found, part)))
        return found

    def _step(self, found: list[str], part: str) -> Iterator[str]:
        if part == "**":
            for path in found:
                yield path
                for directory in sorted(self.directories):
                    if directory.startswith("/" if path == "/" else f"{path}/") and directory != "/":
                        yield directory
            return
        matches = name_matcher(part)
        for path in found:
            for name in sorted(self._list(self.resolve(path))):
                if matches(name):
                    yield posixpath.join(path, name)

    def _list(self, directory: str) -> set[str]:
        if self._children is None:
            children: dict[str, set[str]] = defaultdict(set)
            for path in (*self.files, *self.directories):
                if path != "/":
                    parent, name = posixpath.split(path)
                    children[parent].add(name)
            self._children = children
        return self._children.get(directory, set())


def is_wild(word: str) -> bool:
    return bool(_WILD & set(word))


def name_matcher(part: str) -> Callable[[str], bool]:
    """Whether a name matches one part of a pattern, as Go's filepath.Match has it. ValueError when malformed."""
    while "**" in part:  # the library gives this a meaning that Go does not
        part = part.replace("**", "*")
    # A mark at the front would be read as a comment or a negation.
    return PatternMatcher([f"\\{part}" if part[0] in "!#" else part]).matches
