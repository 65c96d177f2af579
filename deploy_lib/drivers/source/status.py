"""The working copy beside its HEAD: one `git status`, read whole.

Directories that git ignores stand as one entry ending in "/": what lies in them is read only where it matters.
`__pycache__` is left out altogether: Python makes it by running, and nothing is imported from it that is not also
there as source.
Format: https://git-scm.com/docs/git-status, porcelain version 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from deploy_lib.drivers.source.git import Git
from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Absence
from deploy_lib.source.model import DiskFile, Rule

_BYTECODE = re.compile(r"(^|/)__pycache__(/|$)|\.py[co]$")


@dataclass(frozen=True, slots=True)
class WorktreeStatus:
    """`files` are those whose disk state is not that of HEAD. `branch` is None when HEAD is detached."""

    head: str
    branch: str | None
    files: Mapping[str, DiskFile]
    upstream: str | None = None
    ahead: int = 0
    behind: int = 0


def read_status(git: Git) -> WorktreeStatus:
    """Raises DriverError: no repository, no working copy, no commit yet."""
    words = ("status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all", "--ignored=matching")
    records = git.run(*words).decode(errors="surrogateescape").split("\0")
    heads: dict[str, str] = {}
    files: dict[str, DiskFile] = {}
    waiting = iter(records)
    for record in waiting:
        if record.startswith("# "):
            key, _, value = record[2:].partition(" ")
            heads[key] = value
        elif record:
            moved_from = next(waiting) if record.startswith("2 ") else None
            for file in _read(record, moved_from):
                files.setdefault(file.path, file)
    return _with_branch(heads, {path: file for path, file in files.items() if not _BYTECODE.search(path)})


def _read(record: str, moved_from: str | None) -> list[DiskFile]:
    kind = record[0]
    if kind in "?!":
        return [DiskFile(record[2:], FileState.UNTRACKED if kind == "?" else FileState.IGNORED)]
    fields = {"1": 8, "2": 9, "u": 10}[kind]
    path = record.split(" ", fields)[fields]
    index, disk = record[2], record[3]
    changed = [DiskFile(path, _state(index, disk))]
    if moved_from is not None and index == "R":
        changed.append(DiskFile(moved_from, FileState.DELETED))
    return changed


def _state(index: str, disk: str) -> FileState:
    """X and Y of `git status --short`, in one word."""
    if disk == "D" or (index == "D" and disk == "."):
        return FileState.DELETED
    return FileState.STAGED if disk == "." or index in "AR" else FileState.MODIFIED


def _with_branch(heads: Mapping[str, str], files: Mapping[str, DiskFile]) -> WorktreeStatus:
    head = heads.get("branch.oid", "(initial)")
    branch = heads.get("branch.head", "(detached)")
    ahead, behind = re.findall(r"\d+", heads.get("branch.ab", "+0 -0"))
    return WorktreeStatus(
        head="" if head == "(initial)" else head,
        branch=None if branch == "(detached)" else branch,
        files=files,
        # Without branch.ab the upstream is named in the configuration but was never fetched.
        upstream=heads.get("branch.upstream") if "branch.ab" in heads else None,
        ahead=int(ahead),
        behind=int(behind),
    )


def with_rules(git: Git, files: Iterable[DiskFile]) -> dict[str, DiskFile]:
    """The same files, each ignored one with the line that makes git ignore it."""
    known = {file.path: file for file in files}
    asked = [path for path, file in known.items() if file.state == FileState.IGNORED]
    if asked:
        given = "".join(f"{path}\0" for path in asked).encode(errors="surrogateescape")
        listed = git.run("check-ignore", "-v", "-z", "--stdin", given=given, fine=(0, 1))
        fields = listed.decode(errors="surrogateescape").split("\0")
        for file, line, pattern, path in zip(*[iter(fields)] * 4, strict=False):
            if path in known and file:
                known[path] = replace(known[path], rule=Rule(file, int(line), pattern, Absence.GITIGNORED))
    return known
