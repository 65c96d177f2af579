"""Why a module or a file is not in the image: the answer to "it exists on my machine".

Evidence is asked for in the order of what it proves: the context has it and no COPY brings it; an ignore rule took it
out; git does not have it as the disk does; only the case differs; history knows it. Without any it is absent
everywhere, and the name is compared with those that exist.
"""

from __future__ import annotations

import difflib
import posixpath
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Absence
from deploy_lib.source.dependencies.names import DISTRIBUTIONS
from deploy_lib.source.explanations import Explanation, deleted_by, dropped, of_submodule, on_disk
from deploy_lib.source.imports.layout import modules_below
from deploy_lib.source.model import SUBMODULE, Context, ImageContents, MissingFileContext, Rule
from deploy_lib.source.origins import Origins, stems


class Explainer:
    """`roots` are the image directories of sys.path. `missing_file_context` is read only once something is missing."""

    def __init__(
        self, contents: ImageContents, context: Context, missing_file_context: MissingFileContext, roots: Sequence[str]
    ) -> None:
        self._contents = contents
        self._context = context
        self._around = missing_file_context
        self._roots = tuple(roots) or (contents.workdir,)
        self._origins = Origins(contents.files)
        self._copied = frozenset(contents.files.values())

    def module(self, module: str) -> Explanation:
        """Never fails: without evidence the module is absent everywhere."""
        return self.evidence(module) or self.past(module) or self._absent(module)

    def expect(self, modules: Iterable[str]) -> None:
        """Asks the history once for all of these that nothing else explains."""
        silent = [module for module in modules if self.evidence(module) is None]
        self._around.expect(self._repository(path) for module in silent for path in self._paths(module))

    def evidence(self, module: str) -> Explanation | None:
        """What shows that the application has such a module somewhere outside the image."""
        paths = list(dict.fromkeys(self._paths(module)))
        return self._of_paths(paths) or self._of_directory(module) or self._case(paths) or self._of_submodule(module)

    def file(self, path: str) -> Explanation | None:
        """The same for a repository path; None when nothing is known of it, as of any that leads out of it."""
        if path.startswith("/") or ".." in path.split("/"):
            return None
        inside = self._inside(path)
        if inside is None:
            return self._outside(path)
        return self._of_paths([inside]) or self._case([inside]) or self._past([path])

    def changed(self, path: str) -> Explanation | None:
        """A repository path that the image has, but not as it is on the disk."""
        file = self._around.disk.get(path)
        if file is None or file.state not in (FileState.MODIFIED, FileState.STAGED):
            return None
        sentence = f"{path} has changes that are not committed"
        return Explanation(Absence.UNCOMMITTED, sentence, f"git add -- {shlex.quote(path)} && git commit", path)

    def _paths(self, module: str) -> Iterator[str]:
        for stem in stems(module, self._roots):
            for image in (f"{stem}.py", f"{stem}/__init__.py"):
                yield from self._origins.of(image)

    def _of_paths(self, paths: Iterable[str]) -> Explanation | None:
        for path in paths:
            found = self._in_context(path) or self._on_disk(path)
            if found:
                return found
        return None

    def _in_context(self, path: str) -> Explanation | None:
        if path in self._context.dropped:
            return dropped(self._repository(path), path, self._context.dropped[path])
        if path in self._context.files and path not in self._copied:
            return self._not_copied(path)
        return None

    def _on_disk(self, path: str) -> Explanation | None:
        whole = self._repository(path)
        file = self._around.disk.get(whole)
        if file is not None and (whole not in self._around.tracked or file.state == FileState.DELETED):
            return on_disk(file)
        return None if path in self._context.files else self._outside(whole)

    def _outside(self, path: str) -> Explanation | None:
        if path not in self._around.tracked:
            return None
        root = self._context.root or "."
        sentence = f"{path} is in the commit, but the builder is not given it (the build context is {root})"
        return Explanation(
            Absence.NOT_COPIED, sentence, f"move {path} below {root}, or build from a directory above both", path
        )

    def _not_copied(self, path: str) -> Explanation:
        wanted = path
        while "/" in wanted and not any(each.startswith(f"{posixpath.dirname(wanted)}/") for each in self._copied):
            wanted = posixpath.dirname(wanted)
        near = self._nearest_copy(path)
        dockerfile = near.file if near else "the Dockerfile"
        instruction = f"COPY {wanted} {wanted}" if wanted == path else f"COPY {wanted}/ {wanted}/"
        sentence = f"no COPY of {dockerfile} brings {self._repository(path)}"
        return Explanation(
            Absence.NOT_COPIED,
            sentence,
            f"add to {dockerfile}: {instruction}",
            self._repository(path),
            str(near) if near else None,
        )

    def _nearest_copy(self, path: str) -> Rule | None:
        """The instruction that brings the files nearest to it."""

        def nearness(image: str) -> int:
            return len(posixpath.commonpath([f"/{path}", f"/{self._contents.files[image]}"]))

        return self._contents.by[max(self._contents.by, key=nearness)] if self._contents.by else None

    def _of_directory(self, module: str) -> Explanation | None:
        """A package without __init__ is a directory: one of its files stands for it."""
        for stem in stems(module, self._roots):
            for path in self._origins.of(stem):
                if path in self._python_below:
                    return self._in_context(self._python_below[path])
                if self._repository(path) in self._python_on_disk:
                    return on_disk(self._around.disk[self._python_on_disk[self._repository(path)]])
        return None

    def _of_submodule(self, module: str) -> Explanation | None:
        """A directory of a well-known package's name says nothing of the package."""
        if not self._submodules or module.partition(".")[0] in DISTRIBUTIONS:
            return None
        for path in map(self._repository, self._paths(module)):
            found = next((each for each in self._submodules if path.startswith(f"{each}/")), None)
            if found:
                return of_submodule(found)
        return None

    @cached_property
    def _submodules(self) -> Sequence[str]:
        return [path for path, file in self._around.tracked.items() if file.mode == SUBMODULE]

    def _case(self, paths: Sequence[str]) -> Explanation | None:
        wanted = {path.casefold(): path for path in reversed(paths)}
        others = [found for key, path in wanted.items() for found in self._spelt.get(key, ()) if found[1] != path]
        if not others:
            return None
        _, actual = min(others)
        old, new = self._repository(actual), self._repository(wanted[actual.casefold()])
        sentence = f"the file is named {old}, and the image's file system tells capital letters apart"
        fix = f"git mv -- {shlex.quote(old)} {shlex.quote(new)} && git commit, or correct the import"
        return Explanation(Absence.CASE_MISMATCH, sentence, fix, old)

    @cached_property
    def _spelt(self) -> Mapping[str, list[tuple[int, str]]]:
        """Known paths, each with its place among them, by what they are without regard to capital letters."""
        found: dict[str, list[tuple[int, str]]] = {}
        on_disk_too = (self._inside(name) or "" for name in self._around.disk)
        for position, path in enumerate(chain(self._context.files, self._context.dropped, on_disk_too)):
            found.setdefault(path.casefold(), []).append((position, path))
        return found

    @cached_property
    def _python_below(self) -> Mapping[str, str]:
        """Directory -> its first source file, at any depth."""
        return _first_source(chain(self._context.dropped, self._context.files))

    @cached_property
    def _python_on_disk(self) -> Mapping[str, str]:
        return _first_source(self._around.disk)

    def held_lately(self, module: str) -> bool:
        """Whether one of the last commits had it."""
        return self._around.held_lately(map(self._repository, self._paths(module)), ())

    def replaced_lately(self, module: str, declaring: Iterable[str]) -> bool:
        """Whether the Dockerfile, or a file that declares what is installed, is another one since the last had it."""
        recipes = dict.fromkeys(rule.file for rule in self._contents.by.values())
        paths = map(self._repository, self._paths(module))
        return not self._around.held_lately(paths, (*recipes, *map(self._repository, declaring)))

    def past(self, module: str) -> Explanation | None:
        """The commit that deleted it, or the branch that has it."""
        return self._past(self._repository(path) for path in self._paths(module))

    def _past(self, paths: Iterable[str]) -> Explanation | None:
        asked = list(dict.fromkeys(paths))
        self._around.expect(asked)
        for path in asked:
            past = self._around.in_history(path)
            if past is None:
                continue
            short = past.commit[:7]
            fix = f"git restore --source={short} -- {shlex.quote(path)} && git add -- {shlex.quote(path)} && git commit"
            if past.deleted:
                sentence = f"{path} was deleted{deleted_by(past)}; {short} still had it"
                return Explanation(Absence.DELETED, sentence, f"{fix}, or remove the import", path)
            where = f"{short} ({past.subject})" if past.subject else short
            return Explanation(Absence.IN_OTHER_COMMIT, f"{path} is on another branch only, in {where}", fix, path)
        return None

    def _absent(self, module: str) -> Explanation:
        known = sorted(name for name, _ in modules_below(self._contents.files, self._roots))
        near = difflib.get_close_matches(module, known, n=1, cutoff=0.8)
        sentence = "neither the commit, its history nor the disk has such a module"
        if not self._around.history_is_whole():
            sentence = "neither the commit nor the disk has such a module, and its history is too long to be searched"
        if near:
            sentence = f"{sentence}; there is {near[0]}"
            return Explanation(Absence.ABSENT_EVERYWHERE, sentence, f"import {near[0]} instead, or add {module}")
        return Explanation(Absence.ABSENT_EVERYWHERE, sentence, f"add {module}, or remove the import")

    def _repository(self, path: str) -> str:
        return posixpath.join(self._context.root, path)

    def _inside(self, path: str) -> str | None:
        root = self._context.root
        if not root:
            return path
        return path.removeprefix(f"{root}/") if path.startswith(f"{root}/") else None


def _first_source(paths: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        directory = posixpath.dirname(path) if path.endswith(".py") else ""
        while directory and directory not in found:
            found[directory] = path
            directory = posixpath.dirname(directory)
    return found


def explain(
    module: str,
    contents: ImageContents,
    context: Context,
    missing_file_context: MissingFileContext,
    roots: Sequence[str] = (),
) -> Explanation:
    """Why `module` is not in the image. `roots` are the image's own directories of sys.path; default: its WORKDIR."""
    return Explainer(contents, context, missing_file_context, roots).module(module)
