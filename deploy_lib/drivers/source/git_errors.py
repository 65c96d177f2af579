"""Why git refused, in its own words, and the remedy that git itself names for it. Pure over what git printed.

The sentences are those of git's sources (setup.c, object-file.c, read-cache.c), printed with LC_ALL=C.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

NOT_A_REPOSITORY = "not a git repository (or any"
PARTIAL = "the clone is partial or shallow: git fetch --unshallow --refetch, or in CI clone without --filter"
_CORRUPT = re.compile(
    r"is corrupt|object file \S+ is empty|inflate: |unable to unpack|hash mismatch|packfile \S+ (?:is|does|cannot)|"
    r"garbage at end of loose|bad tree object|bad object header|not a tree object"
)
_INDEX = re.compile(r"index file corrupt|index file smaller than expected|bad index|bad signature 0x")
_MISSING = re.compile(r"promisor|missing|unable to read|bad object|could not fetch")


def explain_error(message: str, root: Path) -> tuple[str, str]:
    """A clause with git's own sentence, and what to type about it. `message` is what git printed as errors."""
    if match := re.search(r"dubious ownership in repository at '(.+)'|unsafe repository \('(.+)' is owned", message):
        trusted = f"git config --global --add safe.directory {shlex.quote(match[1] or match[2])}"
        return f"git refuses {root}: {_first_fatal(message)}", trusted
    if "must be run in a work tree" in message:
        return (
            f"{root} is a bare repository, so nothing on the disk can be compared with the commit",
            "run the command in a working copy: git clone, or git worktree add",
        )
    if match := re.search(r"not a git repository: (.+)", message):
        return (
            f"git refuses {root}: its .git file leads to {match[1].strip()}, which is not there",
            "git worktree repair (in the repository it belongs to), or clone it again",
        )
    if NOT_A_REPOSITORY in message or "cannot change to" in message:
        return _no_repository(root)
    if "bad config" in message or "bad numeric config" in message or "bad boolean config" in message:
        return f"git refuses {root}: {_first_fatal(message)}", "correct that line of git's configuration"
    if "Expected git repo version" in message or "unknown repository extension" in message:
        return (
            f"git refuses {root}: {_first_fatal(message)}",
            "a newer git is needed for this repository; git --version",
        )
    if _INDEX.search(message):
        return (
            f"git cannot read the index of {root}: {_first_fatal(message)}",
            "rm .git/index && git reset makes a new one from the last commit",
        )
    if _CORRUPT.search(message):
        return (
            f"the repository {root} is damaged: {_first_fatal(message)}",
            "git fsck --full lists what is broken; a fresh clone is complete",
        )
    if _MISSING.search(message):
        return f"the repository {root} does not hold an object of the commit: {_first_fatal(message)}", PARTIAL
    return f"git refuses {root}: {_first_fatal(message)}", "run the same git command by hand to see more"


def _no_repository(root: Path) -> tuple[str, str]:
    """`git init` is advice for a place without any repository; over a damaged one it would do harm."""
    above = next((place for place in (root, *root.parents) if (place / ".git").exists()), None)
    if above is not None:
        return (
            f"{above}/.git is there, but git does not recognize it as a repository",
            "git fsck, run there, may show why; a fresh clone is complete",
        )
    return (
        f"{root} is in no git repository, and releases are made from commits",
        "run the command in the repository, or name it with --repo; a new one starts with git init and a commit",
    )


def _first_fatal(message: str) -> str:
    """git's own sentence: the first that it calls fatal, else the first it calls an error, else the last line."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    for mark in ("fatal: ", "error: ", "warning: "):
        found = next((line for line in lines if line.startswith(mark)), None)
        if found:
            return found.removeprefix(mark)
    return lines[-1] if lines else "it printed no error"
