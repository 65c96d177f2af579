"""The build context as `docker build` would send it: the directory without what .dockerignore leaves out.

The engines copy every file of the context they are given, so the choice is made here, with a matcher that
follows BuildKit. Kept files are hard links: nothing is copied.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from e2b_dockerfile_utils import PatternMatcher

from .shim_server import CommandFailed


def stage_context(context: Path, dockerfile: Path, scratch: Path) -> Path:
    """The directory to build from: `context` itself when nothing is ignored, else a filtered view in `scratch`.

    A file named after the Dockerfile, such as api.Dockerfile.dockerignore, goes before the .dockerignore of
    the context (https://docs.docker.com/build/concepts/context/#dockerignore-files).
    """
    own = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    rules = own if own.is_file() else context / ".dockerignore"
    if not rules.is_file():
        return context
    try:
        matcher = PatternMatcher(rules.read_text("utf-8-sig").splitlines())
    except ValueError as error:
        raise CommandFailed(f"ERROR: failed to read {rules.name}: {error}") from None
    if not matcher.patterns:
        return context
    _link_kept(context, scratch, "", matcher)
    return scratch


def _link_kept(source: Path, target: Path, inside: str, matcher: PatternMatcher) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            path = f"{inside}{entry.name}"
            ignored = matcher.matches(path)
            if entry.is_dir(follow_symlinks=False):
                if ignored and not matcher.may_match_under(path):
                    continue
                _link_kept(Path(entry.path), target / entry.name, f"{path}/", matcher)
                if ignored and not any((target / entry.name).iterdir()):
                    (target / entry.name).rmdir()
            elif not ignored:
                os.link(entry.path, target / entry.name, follow_symlinks=False)
    shutil.copystat(source, target)
