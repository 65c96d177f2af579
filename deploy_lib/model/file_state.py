"""How a file on the disk stands to the commit."""

from __future__ import annotations

import enum


class FileState(enum.StrEnum):
    MODIFIED = "modified"
    DELETED = "deleted"
    STAGED = "staged"
    UNTRACKED = "untracked"
    IGNORED = "ignored"


NOT_IN_GIT = (FileState.UNTRACKED, FileState.IGNORED)
