"""What differs between the disk and the commit, and whether the release would have noticed."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from deploy_lib.drivers.source.worktree import in_context
from deploy_lib.model.answers import Change
from deploy_lib.model.file_state import NOT_IN_GIT
from deploy_lib.source.file_kinds import FileKind, kind_of
from deploy_lib.source.ignore_rules import IgnoreRules
from deploy_lib.source.model import SITE_PACKAGES, DiskFile, Listing, Staged, Unknown

_GENERATED_NAMES = ("_pb2.py", "_pb2_grpc.py", "_pb2.pyi", "_version.py")
"""Files that are never written by hand, so that a RUN step that may write anywhere below them is what makes them."""


@dataclass(frozen=True)
class Checkout:
    """`staged` holds everything that is on the disk; `imported` gives the context paths of the modules it imports.

    `included` are the repository paths that the configuration takes from the disk on purpose; `build_files` those
    that the build itself reads.
    """

    files: Mapping[str, DiskFile]
    rules: IgnoreRules
    staged: Staged
    tracked: Listing
    imported: Callable[[], frozenset[str]]
    included: frozenset[str] = frozenset()
    build_files: frozenset[str] = frozenset()
    _places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def changes(self) -> tuple[Change, ...]:
        """A directory that git ignores is one change, and each file in it that the code imports is another."""
        return tuple(change for _, file in sorted(self.files.items()) for change in self._describe(file))

    def _describe(self, file: DiskFile) -> Iterator[Change]:
        path = file.path
        if file.state in NOT_IN_GIT and self._is_included(path):
            return
        inside = in_context(path, self._root)
        sent = inside is not None and self.rules.dropping(inside.rstrip("/")) is None
        if inside is None or not sent:
            yield self._change(file, path, "", sent=False, imported=False)
        elif path.endswith("/"):
            yield self._change(file, path, inside, sent=True, imported=False)
            for each in sorted(self._imported_below(inside)):
                yield self._change(file, path + each[len(inside) :], each, sent=True, imported=True)
        else:
            yield self._change(file, path, inside, sent=True, imported=inside in self._copied and inside in self._paths)

    def _change(self, file: DiskFile, path: str, inside: str, *, sent: bool, imported: bool) -> Change:
        held = self._below(inside, self._in_image) if sent else []
        return Change(
            path,
            file.state,
            sent,
            in_image=bool(held),
            imported=imported,
            rule=str(file.rule) if file.rule else None,
            copied=sent and bool(self._below(inside, self._copied)),
            among_code=sent and self._is_among_code(inside),
            build=path in self.build_files,
            secret=file.secret,
            made_by=self._made_by(held) if file.state in NOT_IN_GIT else None,
        )

    @property
    def _root(self) -> str:
        return self.staged.context.root

    @cached_property
    def _in_image(self) -> frozenset[str]:
        return frozenset(self.staged.contents.files.values())

    @cached_property
    def _copied(self) -> frozenset[str]:
        return self.staged.contents.copied | self._in_image

    @cached_property
    def _paths(self) -> frozenset[str]:
        return self.imported()

    def _imported_below(self, directory: str) -> list[str]:
        return self._below(directory, self._paths) if self._below(directory, self._copied) else []

    def _below(self, inside: str, paths: frozenset[str]) -> list[str]:
        if inside.endswith("/"):
            return [each for each in paths if each.startswith(inside)]
        return [inside] if inside in paths else []

    def _is_included(self, path: str) -> bool:
        if path.endswith("/"):
            return any(each.startswith(path) for each in self.included)
        return path in self.included

    @cached_property
    def _code_directories(self) -> frozenset[str]:
        """Of the context: those that hold committed Python which a COPY takes."""
        found = set()
        for path in self.tracked:
            inside = in_context(path, self._root)
            if inside is not None and inside.endswith(".py") and inside in self._copied:
                found.add(posixpath.dirname(inside))
        return frozenset(found)

    def _is_among_code(self, inside: str) -> bool:
        """Beside settings of the whole repository, at its top, only a program is code."""
        above = posixpath.dirname(inside.rstrip("/"))
        if not above:
            return "" in self._code_directories and kind_of(inside) is FileKind.PROGRAM
        while above:
            if above in self._code_directories:
                return True
            above = posixpath.dirname(above)
        return False

    def _made_by(self, held: Iterable[str]) -> str | None:
        """Where the Dockerfile makes every one of these context paths by itself."""
        made = [self._maker(each) for each in held]
        first = next(iter(made), None)
        if first is None or not all(made):
            return None
        return f"line {first.line} of the Dockerfile"

    def _maker(self, inside: str) -> Unknown | None:
        if not self._places:
            for image, context in self.staged.contents.files.items():
                self._places[context].append(image)
        for image in self._places[inside]:
            for unknown in self.staged.contents.unknown:
                if unknown.prefix != SITE_PACKAGES and self._makes(unknown, image):
                    return unknown
        return None

    def _makes(self, unknown: Unknown, image: str) -> bool:
        """A step that may change all of the application does not prove that it makes one file of it."""
        brought_by = self.staged.contents.by.get(image)
        if brought_by is not None and brought_by.line == unknown.line:
            return False  # the COPY that takes the file from the disk, a symlink that leads elsewhere
        if not unknown.covers(image):
            return False
        everything = unknown.covers(self.staged.contents.workdir.rstrip("/"))
        return not everything or image.endswith(_GENERATED_NAMES)
