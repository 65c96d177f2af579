"""The files of a commit, as `git ls-tree` lists them."""

from __future__ import annotations

from deploy_lib.drivers.source.git import Git
from deploy_lib.source.model import EXECUTABLE, REGULAR, SUBMODULE, SYMLINK, UNKNOWN_SIZE, Listing, TreeFile

_MODES = {f"{mode:06o}": mode for mode in (REGULAR, EXECUTABLE, SYMLINK, SUBMODULE)}
_MODES["100664"] = REGULAR  # written by versions of git before 2005, and still read


def list_commit(git: Git, commit: str) -> Listing:
    """Every file by its repository path; a submodule is one entry without content. Raises DriverError.

    Sizes are not asked for: git would open every object for them, which takes ten times as long as the list.
    A name that is not UTF-8 keeps its bytes as surrogates, so it still finds its way back to the disk.
    """
    files: dict[str, TreeFile] = {}
    for record in git.run("ls-tree", "-r", "-z", "--full-tree", commit).decode(errors="surrogateescape").split("\0"):
        if record:
            head, path = record.split("\t", 1)
            mode, _, blob = head.split(" ")
            files[path] = TreeFile(path, _MODES[mode], blob, UNKNOWN_SIZE)
    return files
