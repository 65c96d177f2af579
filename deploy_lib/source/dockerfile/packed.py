"""Packages of a project that one stage installs into an environment, which another stage takes without the sources."""

from __future__ import annotations

import re

from deploy_lib.source.dockerfile.tree import Tree
from deploy_lib.source.model import SITE_PACKAGES

_ENVIRONMENT = re.compile(
    r"venv|virtualenv|-packages(/|$)|^/usr/local/?(lib(/|$)|$)|^/(root|home/\w+)/\.local|^/install/?$"
)
_COMPILED = (".pyx", ".pxd", ".rs", ".c", ".cc", ".cpp", ".proto", ".so", ".in")


def is_environment(word: str) -> bool:
    """Whether a COPY of it takes what is installed there, by the name that such directories have."""
    return _ENVIRONMENT.search(word) is not None


def packages_of(project: str, tree: Tree) -> dict[str, str]:
    """The sources of a project's packages, by where they lie with the installed ones, with their context paths.

    None where a step may write among its sources, where building them makes modules that no file shows, and where other
    projects lie below it. A directory without __init__ may be anything, so it is no package here.
    """
    prefix = f"{project.rstrip('/')}/"
    below = [path for path in tree.below(project) if "/." not in path and "-packages/" not in path]
    written = any(each.covers(project) or _lies_in(each.prefix, prefix) for each in tree.unknown)
    nested = any(path.endswith("/pyproject.toml") and path != f"{prefix}pyproject.toml" for path in below)
    if written or nested or any(path.endswith(_COMPILED) for path in below):
        return {}
    packed = {}
    for path in below:
        inside = path.removeprefix(prefix)
        if path.endswith(".py") and f"{prefix}{inside.partition('/')[0]}/__init__.py" in tree.files:
            packed[f"{SITE_PACKAGES}/{inside}"] = tree.files[path]
    return packed


def _lies_in(path: str, prefix: str) -> bool:
    """Hidden directories, of an environment for example, hold no sources."""
    return path.startswith(prefix) and not path.removeprefix(prefix).startswith(".")
