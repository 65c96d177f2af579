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
from deploy_lib.drivers.source.git_errors import PARTIAL, explain_error

_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_COMMON_DIR")


@dataclass(frozen=True, slots=True)
class Git:
    """One repository. `root` is the top of its working copy, or the directory of a bare one."""

    root: Path

    def run(self, *words: str, given: bytes | None = None, fine: tuple[int, ...] = (0,)) -> bytes:
        """What git printed. Raises DriverError when it ends with another code than those in `fine`."""
        try:
            done = subprocess.run(
                self.command(*words), input=given, capture_output=True, env=git_environment(), check=False
            )
        except FileNotFoundError:
            raise not_installed() from None
        if done.returncode not in fine:
            raise self.trouble(words[0], done.stderr.decode(errors="replace"))
        return done.stdout

    def command(self, *words: str) -> list[str]:
        """The command line of git in this repository."""
        return ["git", "-c", "core.quotePath=false", "-C", str(self.root), *words]

    def trouble(self, what: str, message: str) -> DriverError:
        """git's own words, and what to do about them."""
        if match := re.search(r"[Nn]ot a valid object name:? *(\S*)", message):
            return DriverError(
                f"there is no commit {match[1]} in {self.root}",
                "git fetch, if it was made elsewhere; git log lists the ones that are here",
            )
        reason, remedy = explain_error(message, self.root)
        return DriverError(f"{reason} (git {what})", remedy)


def unreadable_object(git: Git, blob: str) -> DriverError:
    """Why git gave no content for an object: it is damaged, or not there."""
    done = subprocess.run(
        git.command("cat-file", "blob", blob), capture_output=True, env=git_environment(), check=False
    )
    message = done.stderr.decode(errors="replace")
    if done.returncode and "error: " in message:
        return git.trouble("cat-file", message)
    return DriverError(f"the repository does not hold object {blob}, which the commit names", PARTIAL)


def not_installed() -> DriverError:
    """The error for a machine without git."""
    return DriverError("git is not installed, and releases are made from commits", "install git")


def git_environment() -> dict[str, str]:
    """The environment git is run in."""
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
