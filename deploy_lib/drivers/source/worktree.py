"""Listings of what is on the disk: the commit's, with what differs from it laid over."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.drivers.source.disk import Disk
from deploy_lib.drivers.source.status import WorktreeStatus
from deploy_lib.model.file_state import FileState
from deploy_lib.source.ignore_rules import IgnoreRules
from deploy_lib.source.model import SUBMODULE, Listing


def if_all_were_committed(listing: Listing, status: WorktreeStatus, disk: Disk, *, hashed: bool = True) -> Listing:
    """What `git add --all; git commit` would make of it; without hashes it costs no reading."""
    files = dict(listing)
    for path, changed in status.files.items():
        if changed.state == FileState.IGNORED or path.endswith("/"):
            continue
        found = disk.find(path, hashed=hashed)
        if found is not None:
            files[path] = found
        elif path in files and files[path].mode != SUBMODULE:
            del files[path]
    return files


def with_everything(listing: Listing, status: WorktreeStatus, disk: Disk, root: str, rules: IgnoreRules) -> Listing:
    """The commit's files and all that lies in the context beside them, ignored or not; nothing is left out.

    Only Python is hashed, since only that is read; and of an ignored directory only Python is listed.
    """
    files = dict(listing)
    for path in _paths(status, disk, root, rules):
        found = disk.find(path, hashed=path.endswith(".py"))
        if found is not None:
            files[path] = found
    return files


def _paths(status: WorktreeStatus, disk: Disk, root: str, rules: IgnoreRules) -> Iterator[str]:
    for path in status.files:
        inside = in_context(path, root)
        if inside is None or rules.dropping(inside.rstrip("/")) is not None:
            continue
        if path.endswith("/"):
            yield from disk.below(path, ".py")
        else:
            yield path


def in_context(path: str, root: str) -> str | None:
    """The context path of a repository path; None for one outside."""
    if not root:
        return path
    return path.removeprefix(f"{root}/") if path.startswith(f"{root}/") else None
