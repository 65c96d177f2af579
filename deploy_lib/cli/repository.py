"""The repository and the commit that a command line means.

Apart from `select`, since `check` needs these and not the configuration, whose libraries would cost it half its time.
"""

from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from deploy_lib.cli.paths import given_path
from deploy_lib.drivers.source.git import git_environment
from deploy_lib.drivers.source.git_errors import PARTIAL, explain_error
from deploy_lib.model.not_possible import NotPossible


def repository(given: str | None) -> Path:
    """The top directory of the working copy. Raises NotPossible where there is none, or git refuses it."""
    start = given_path(given) if given else Path.cwd()
    if not _is_directory(start):
        raise NotPossible(f"--repo {given}: there is no such directory")
    done = _git(start, "rev-parse", "--show-toplevel")
    if done.returncode:
        raise _refused(done, start)
    top = Path(done.stdout.removesuffix("\n"))
    if not start.resolve().is_relative_to(top.resolve()):
        raise NotPossible(
            f"git takes {top} for the working copy of the repository in {start}, for its setting core.worktree\n"
            f"  undo it: git -C {shlex.quote(str(start))} config --unset core.worktree"
        )
    return top


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long
        return False


def commit_of(root: Path, wanted: str | None) -> str:
    """The full hash. Raises NotPossible for a name that is not a commit, and for a commit that git cannot read."""
    name = wanted or "HEAD"
    done = _git(root, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    if done.returncode == 0:
        return done.stdout.strip()
    kind = _git(root, "cat-file", "-t", name).stdout.strip() if not name.startswith("-") else ""
    if kind in ("tree", "blob"):
        raise NotPossible(f"--commit {wanted}: it names a {kind}, not a commit")
    if "error: " in done.stderr or "Needed a single revision" not in done.stderr:
        raise _refused(done, root)
    if wanted is None:
        raise _no_head(root)
    shallow = _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == "true"
    more = ", which is a shallow clone: git fetch --unshallow, or in CI check out the whole history" if shallow else ""
    raise NotPossible(f"--commit {wanted}: there is no such commit in {root}{more}")


def time_of(root: Path, commit: str) -> datetime | None:
    """When the commit was made, in UTC; None where git cannot tell."""
    done = _git(root, "show", "--no-patch", "--format=%cI", "--end-of-options", commit)
    try:
        return datetime.fromisoformat(done.stdout.strip()).astimezone(UTC) if done.returncode == 0 else None
    except (ValueError, OverflowError):
        return None


def main_branch(root: Path) -> str:
    """The branch that releases are most likely made from: the remote's, else the one that is checked out, else main."""
    for words in (("symbolic-ref", "--short", "refs/remotes/origin/HEAD"), ("branch", "--show-current")):
        done = _git(root, *words)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip().removeprefix("origin/")
    return "main"


def in_git(root: Path) -> bool:
    """Whether it lies in a working copy."""
    return _git(root, "rev-parse", "--is-inside-work-tree").stdout.strip() == "true"


def files_of(root: Path, *patterns: str) -> list[str]:
    """Paths below this directory that a pattern of git's names, and git does not ignore; none outside a repository."""
    words = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *patterns)
    done = _git(root, *words)
    return (
        [path for path in done.stdout.split("\0") if path and (root / path).is_file()] if done.returncode == 0 else []
    )


def _no_head(root: Path) -> NotPossible:
    """Why HEAD leads to no commit: there is none yet, or what it names cannot be read."""
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if head.returncode == 0:
        return NotPossible(f"the repository {root} does not hold the commit {head.stdout.strip()}\n  {PARTIAL}")
    broken = _git(root, "for-each-ref", "--count=1")
    if broken.stderr:
        return _refused(broken, root)
    return NotPossible(f"{root} has no commit yet; releases are made from commits")


def _refused(done: subprocess.CompletedProcess[str], root: Path) -> NotPossible:
    reason, remedy = explain_error(done.stderr, root)
    return NotPossible(f"{reason}\n  {remedy}")


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            errors="surrogateescape",
            env=git_environment(),
            check=False,
        )
    except FileNotFoundError:
        raise NotPossible("git is not installed, and releases are made from commits; install git") from None
