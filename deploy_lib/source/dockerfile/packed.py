"""Packages of a project that one stage installs into an environment, which another stage takes without the sources."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from deploy_lib.source.dockerfile.tree import Tree
from deploy_lib.source.model import SITE_PACKAGES, Unknown

_ENVIRONMENT = re.compile(
    r"venv|virtualenv|-packages(/|$)|^/usr/local/?(lib(/|$)|$)|^/(root|home/\w+)/\.local|^/install/?$"
)
METADATA = f"{SITE_PACKAGES}/.metadata"
"""Stands for what an environment knows of the projects whose sources are not in the image."""
WRITTEN_BY_BACKENDS = frozenset({"_version", "version", "__version__", "_about"})
"""Modules that setuptools-scm, hatch-vcs and their like write when a project is built."""
_DESCRIBING = ("pyproject.toml", "setup.cfg", "setup.py")
_COMPILED = (".pyx", ".pxd", ".rs", ".c", ".cc", ".cpp", ".proto", ".so", ".in")


def is_environment(word: str) -> bool:
    """Whether a COPY of it takes what is installed there, by the name that such directories have."""
    return _ENVIRONMENT.search(word) is not None


def packages_of(project: str, tree: Tree) -> dict[str, str]:
    """The sources of a project's packages, by where they lie with the installed ones, with their context paths.

    None where a step may write anywhere among its sources, where building them makes modules that no file shows, and
    where other projects lie below it. A directory without __init__ may be anything, so it is no package here.
    """
    prefix = f"{project.rstrip('/')}/"
    below = [path for path in tree.below(project) if "/." not in path and "-packages/" not in path]
    nested = any(path.endswith("/pyproject.toml") and path != f"{prefix}pyproject.toml" for path in below)
    if nested or any(each.covers(project) for each in tree.unknown) or any(path.endswith(_COMPILED) for path in below):
        return {}
    packed = {}
    for path in below:
        inside = path.removeprefix(prefix)
        if path.endswith(".py") and f"{prefix}{inside.partition('/')[0]}/__init__.py" in tree.files:
            packed[f"{SITE_PACKAGES}/{inside}"] = tree.files[path]
    return packed


def unknown_of(project: str, tree: Tree) -> Iterator[Unknown]:
    """What a step may have written among its sources, by where that lies with the installed packages. Hidden
    directories, of an environment for example, hold none."""
    prefix = f"{project.rstrip('/')}/"
    for each in tree.unknown:
        inside = each.prefix.removeprefix(prefix)
        if each.prefix.startswith(prefix) and not inside.startswith("."):
            yield replace(each, prefix=f"{SITE_PACKAGES}/{inside}")


def described_by(project: str, tree: Tree) -> dict[str, str]:
    """The files that name the project's commands, by where they stand below METADATA, with their context paths."""
    for place in (project, posixpath.dirname(project)):
        files = {name: tree.files.get(posixpath.join(place, name)) for name in _DESCRIBING}
        if any(files.values()):
            return {posixpath.join(METADATA + place.rstrip("/"), name): path for name, path in files.items() if path}
    return {}
