"""The files of a commit, as `git ls-tree` lists them."""

from __future__ import annotations

from deploy_lib.drivers.source.git import Git
from deploy_lib.source.model import SUBMODULE, Listing, TreeFile


def list_commit(git: Git, commit: str) -> Listing:
    """Every file by its repository path; a submodule is one entry without content. Raises DriverError.

    A name that is no UTF-8 keeps its bytes as surrogates, so it still finds its way back to the disk.
    """
    files: dict[str, TreeFile] = {}
    for record in (
        git.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit).decode(errors="surrogateescape").split("\0")
    ):
        if record:
            head, path = record.split("\t", 1)
            mode, _, blob, size = head.split()
            files[path] = TreeFile(path, int(mode, 8), blob, 0 if size == "-" else int(size))
    return files


def is_submodule(file: TreeFile) -> bool:
    return file.mode == SUBMODULE
