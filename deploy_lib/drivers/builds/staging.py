"""The staged context as a directory, for engines that build from one: one time, and only the modes git knows."""

from __future__ import annotations

import os
from pathlib import Path

from deploy_lib.drivers.interface import DriverError
from deploy_lib.source.archive import CONTEXT, EPOCH, RECIPE, beside
from deploy_lib.source.model import EXECUTABLE, SUBMODULE, SYMLINK, Staged


def write_build(staged: Staged, directory: Path) -> tuple[Path, str]:
    """Fill an empty directory; the context's directory, and the Dockerfile's path for an engine.

    DriverError as with `write_context`.
    """
    if staged.recipe is None:
        write_context(staged, directory)
        return directory, staged.dockerfile
    context, recipe = directory / CONTEXT, directory / RECIPE
    context.mkdir()
    recipe.mkdir()
    write_context(staged, context)
    for name, content in beside(staged).items():
        (recipe / name).write_bytes(content)
    return context, str(recipe / staged.dockerfile)


def write_context(staged: Staged, root: Path) -> None:
    """Fill `root`, an empty directory. DriverError for a path that would leave it, and for a full disk."""
    files = {path: file for path, file in staged.context.files.items() if file.mode != SUBMODULE}
    directories: set[Path] = {root}
    try:
        for path, content in staged.read_many(sorted(files)):
            target = root / path
            if ".." in target.parts or not target.is_relative_to(root):
                raise DriverError(f"the build context holds the path {path}, which leads out of it")
            _make_parents(target.parent, directories)
            if files[path].mode == SYMLINK:
                target.symlink_to(os.fsdecode(content))
            else:
                target.write_bytes(content)
                target.chmod(0o755 if files[path].mode == EXECUTABLE else 0o644)
            os.utime(target, (EPOCH, EPOCH), follow_symlinks=False)
        for directory in sorted(directories, reverse=True):
            os.utime(directory, (EPOCH, EPOCH))
    except OSError as problem:
        raise DriverError(
            f"the build context could not be written to {root}: {problem.strerror}", "free some space, then try again"
        ) from None


def _make_parents(directory: Path, made: set[Path]) -> None:
    """A directory that is a link of the context would lead writes elsewhere: git has none below a link."""
    if directory in made:
        return
    _make_parents(directory.parent, made)
    directory.mkdir(mode=0o755)
    made.add(directory)
