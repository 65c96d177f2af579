"""One commit as a repository of its own, small enough to be handed to a build: its hash, its branch, no history.

The commit keeps its hash since git is told where history was cut (https://git-scm.com/docs/shallow). Its branch is in
sync with its upstream, as it was found to be where that is asked for. Files are as `git init` makes them; the working
copy comes by `git reset --hard`, and only what git does not have is brought along.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.source.git import Git

_TAG = "refs/tags/"


@dataclass(frozen=True, slots=True)
class CommitCopy:
    """`files` of the repository by their path in it; `environment` says what git cannot: which tag it is built for."""

    files: Mapping[str, bytes] = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)


def commit_copy(git: Git, commit: str, branch: str | None, upstream: str | None, included: Iterable[str]) -> CommitCopy:
    """The commit on that branch, in sync with that remote branch ("origin/main").

    `branch` may be a tag's whole name, and None for neither. `included` are paths on the disk that go along. Raises
    DriverError.
    """
    objects = git.run("rev-list", "--objects", "--no-walk", commit)
    pack = git.run("pack-objects", "--stdout", "--quiet", given=objects)
    form = git.run("rev-parse", "--show-object-format").decode().strip()
    try:
        with tempfile.TemporaryDirectory(prefix="commit-") as directory:
            root = Path(directory)
            made = Git(root)
            made.run("init", "--quiet", "--template=", f"--object-format={form}", "--initial-branch=main")
            made.run("config", "core.logAllRefUpdates", "false")  # a log has times, and no copy would be like another
            made.run("index-pack", "--stdin", given=pack)
            (root / ".git" / "shallow").write_text(f"{commit}\n", encoding="utf-8")
            _name(made, commit, branch, upstream)
            found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        files = {**found, **{path: (git.root / path).read_bytes() for path in included}}
    except OSError as problem:
        raise DriverError(f"the commit cannot be copied: {problem.filename}: {problem.strerror}") from problem
    if branch is None or not branch.startswith(_TAG):
        return CommitCopy(files)
    return CommitCopy(files, {"TAG_NAME": branch.removeprefix(_TAG), "COMMIT_SHA": commit})


def _name(made: Git, commit: str, branch: str | None, upstream: str | None) -> None:
    remote, _, tracked = (upstream or "").partition("/")
    if tracked:
        made.run("update-ref", f"refs/remotes/{remote}/{tracked}", commit)
        made.run("config", f"remote.{remote}.fetch", f"+refs/heads/*:refs/remotes/{remote}/*")
    if branch is None or branch.startswith(_TAG):
        made.run("update-ref", "--no-deref", "HEAD", commit)
        if branch is not None:
            made.run("update-ref", branch, commit)
        return
    made.run("update-ref", f"refs/heads/{branch}", commit)
    made.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    if tracked:
        made.run("config", f"branch.{branch}.remote", remote)
        made.run("config", f"branch.{branch}.merge", f"refs/heads/{tracked}")
