"""Where a file went: the commit that deleted it, or another branch that has it."""

from __future__ import annotations

from deploy_lib.drivers.source.git import Git
from deploy_lib.source.model import PastFile


def find_in_history(git: Git, commit: str, path: str) -> PastFile | None:
    """The last commit that still held `path`: an ancestor of `commit`, else the newest on any branch."""
    deleted = _log(git, "--diff-filter=D", "--format=%P%x00%s", commit, "--", path)
    if deleted:
        parents, _, subject = deleted.partition("\0")
        return PastFile(parents.split(" ")[0], True, subject)
    elsewhere = _log(git, "--diff-filter=AM", "--format=%H%x00%s", "--all", "--", path)
    if elsewhere:
        holder, _, subject = elsewhere.partition("\0")
        return PastFile(holder, False, subject)
    return None


def _log(git: Git, *words: str) -> str:
    return git.run("--literal-pathspecs", "log", "-1", *words).decode(errors="replace").strip()
