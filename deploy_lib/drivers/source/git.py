"""git, asked through its plumbing: one way to run it, one way to tell what went wrong.

Variables that would point git at another repository are left out, so a run inside a git hook reads the repository
it was told to read. Nothing here writes: optional locks are off, and a partial clone is never filled from a network.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy_lib.drivers.interface import DriverError

_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_COMMON_DIR")
_PARTIAL = "the clone is partial or shallow: git fetch --unshallow --refetch, or in CI clone without --filter"


@dataclass(frozen=True, slots=True)
class Git:
    """One repository. `root` is the top of its working copy, or the directory of a bare one."""

    root: Path

    def run(self, *words: str, given: bytes | None = None, fine: tuple[int, ...] = (0,)) -> bytes:
        """What git printed. Raises DriverError when it ends with another code than those in `fine`."""
        try:
            done = subprocess.run(
                self.command(*words), input=given, capture_output=True, env=surroundings(), check=False
            )
        except FileNotFoundError:
            raise not_installed() from None
        if done.returncode not in fine:
            raise self.trouble(words[0], done.stderr.decode(errors="replace"))
        return done.stdout

    def command(self, *words: str) -> list[str]:
        return ["git", "-c", "core.quotePath=false", "-C", str(self.root), *words]

    def trouble(self, what: str, said: str) -> DriverError:
        """git's own words, and what to do about them."""
        if "not a git repository" in said or "cannot change to" in said:
            return DriverError(
                f"{self.root} is in no git repository, and releases are made from commits",
                "run the command in the repository, or name it with --repo; a new one starts with git init",
            )
        if match := re.search(r"[Nn]ot a valid object name:? *(\S*)", said):
            return DriverError(
                f"there is no commit {match[1]} in {self.root}",
                "git fetch, if it was made elsewhere; git log lists the ones that are here",
            )
        if "must be run in a work tree" in said:
            return DriverError(
                f"{self.root} is a bare repository, so nothing on the disk can be compared with the commit",
                "run the command in a working copy: git clone, or git worktree add",
            )
        if "dubious ownership" in said:
            return DriverError(
                f"git does not trust {self.root}, which belongs to another user",
                f"git config --global --add safe.directory {self.root}",
            )
        if "promisor" in said or "missing" in said or "unable to read" in said or "bad object" in said:
            return DriverError(f"git {what} could not read an object of the commit: {_last(said)}", _PARTIAL)
        return DriverError(f"git {what} failed: {_last(said)}", "run the same git command by hand to see more")


def missing_object(blob: str) -> DriverError:
    return DriverError(f"the repository does not hold object {blob}, which the commit names", _PARTIAL)


def not_installed() -> DriverError:
    return DriverError("git is not installed, and releases are made from commits", "install git")


def surroundings() -> dict[str, str]:
    """The environment git is run in."""
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1].removeprefix("fatal: ") if lines else "it said nothing"
