"""The repository and the commit that a command line means.

Apart from `select`, since `check` needs these and not the configuration, whose libraries would cost it half its time.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy_lib.cli.failure import Failure


def repository(given: str | None) -> Path:
    """The top directory of the working copy. Raises Failure where there is none."""
    start = Path(given).expanduser() if given else Path.cwd()
    if not start.is_dir():
        raise Failure(f"--repo {given}: there is no such directory")
    done = _git(start, "rev-parse", "--show-toplevel")
    if done.returncode:
        raise Failure(f"{start} is in no git repository; releases are made from commits: run git init and commit first")
    return Path(done.stdout.strip())


def commit_of(root: Path, wanted: str | None) -> str:
    """The full hash. Raises Failure for a name that is no commit."""
    done = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted or 'HEAD'}^{{commit}}")
    if done.returncode:
        if wanted is None:
            raise Failure(f"{root} has no commit yet; releases are made from commits")
        raise Failure(f"--commit {wanted}: there is no such commit in {root}")
    return done.stdout.strip()


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Failure("git is not installed, and releases are made from commits; install git") from None
