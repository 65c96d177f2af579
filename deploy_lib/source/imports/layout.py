"""Where the image's Python finds a module: the import system's rules over the predicted files.

docs.python.org, "The import system" and importlib.machinery.FileFinder: for each entry of sys.path a package with
__init__ comes before an extension module, that before a source file, that before bytecode; a directory without
__init__ is a namespace package, made of all such directories, and only when no entry holds a real one.

Which of two modules wins when the application has one named like the standard library's depends on what was imported
before, so such a module is OPAQUE.
"""

from __future__ import annotations

import enum
import posixpath
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property


class Sort(enum.Enum):
    """OPAQUE: it is there, and nobody can tell what it holds (an extension module, bytecode, a link)."""

    MODULE = "module"
    PACKAGE = "package"
    NAMESPACE = "namespace"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Found:
    """`image` is the file, or the first directory of a namespace package; `directories` hold the submodules."""

    sort: Sort
    image: str
    directories: tuple[str, ...] = ()


class Layout:
    """`roots` are the image directories of sys.path that hold the application; `links` are paths that are symlinks.

    `changed` are paths that the build may write to after they were copied: what they hold is known in part.
    """

    def __init__(
        self,
        files: Mapping[str, str],
        roots: Sequence[str],
        links: Iterable[str] = (),
        changed: Iterable[str] = (),
    ) -> None:
        self.files = files
        self.changed = frozenset(changed)
        self.roots = tuple(dict.fromkeys(roots))
        self._links = frozenset(links)
        self._known: dict[str, Found | None] = {}
        self._directories: frozenset[str] | None = None
        self._extensions: frozenset[str] | None = None

    def with_roots(self, more: Sequence[str]) -> Layout:
        """The same with more directories, which are looked into after the others."""
        return Layout(self.files, (*self.roots, *more), self._links, self.changed)

    def find(self, module: str) -> Found | None:
        """None when none of the image's own directories hold it; an installed package may."""
        if module in self._known:
            return self._known[module]
        parent, _, name = module.rpartition(".")
        found: Found | None = None
        if not parent:
            found = self._search(self.roots, name)
            if found is not None and name in sys.stdlib_module_names:
                found = None if found.sort is Sort.NAMESPACE else Found(Sort.OPAQUE, found.image)
        else:
            above = self.find(parent)
            if above is not None and above.sort is Sort.OPAQUE and not above.directories:
                found = Found(Sort.OPAQUE, above.image) if above.image in self._links else None
            elif above is not None:
                found = self._search(above.directories, name)
        self._known[module] = found
        return found

    @cached_property
    def top_level(self) -> list[str]:
        """Names of the modules that stand in the roots themselves."""
        return sorted({name.partition(".")[0] for name, _ in modules_below(self.files, self.roots)})

    def is_directory(self, image: str) -> bool:
        if self._directories is None:
            self._directories = _directories(self.files)
        return image in self._directories

    def _search(self, directories: Sequence[str], name: str) -> Found | None:
        portions = []
        for directory in directories:
            stem = posixpath.join(directory, name)
            real = self._real(stem)
            if real:
                return real
            if self.is_directory(stem):
                portions.append(stem)
        return Found(Sort.NAMESPACE, portions[0], tuple(portions)) if portions else None

    def _real(self, stem: str) -> Found | None:
        if stem in self._links:
            return Found(Sort.OPAQUE, stem)
        for file, sort, inside in (
            (f"{stem}/__init__.py", Sort.PACKAGE, (stem,)),
            (f"{stem}/__init__.pyc", Sort.OPAQUE, (stem,)),
            (f"{stem}.py", Sort.MODULE, ()),
            (f"{stem}.pyc", Sort.OPAQUE, ()),
        ):
            if file in self.files:
                return Found(Sort.OPAQUE if file in self._links else sort, file, inside)
            if sort is Sort.OPAQUE and inside and stem in self._compiled():
                return Found(Sort.OPAQUE, stem)
        return None

    def _compiled(self) -> frozenset[str]:
        """Stems of extension modules: name.cpython-311-x86_64-linux-gnu.so, name.abi3.so, name.so."""
        if self._extensions is None:
            self._extensions = frozenset(
                posixpath.join(posixpath.dirname(path), posixpath.basename(path).partition(".")[0])
                for path in self.files
                if path.endswith(".so")
            )
        return self._extensions


def modules_below(files: Iterable[str], roots: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The full names of the modules that have source below the roots, each with its file."""
    for root in (each.rstrip("/") for each in roots):
        for image in files:
            if image.startswith(f"{root}/") and image.endswith(".py"):
                name = image[len(root) + 1 : -3].replace("/", ".")
                yield name.removesuffix(".__init__"), image


def _directories(files: Iterable[str]) -> frozenset[str]:
    known: set[str] = set()
    for path in files:
        directory = path.rpartition("/")[0]
        while directory and directory not in known:
            known.add(directory)
            directory = directory.rpartition("/")[0]
    return frozenset(known)
