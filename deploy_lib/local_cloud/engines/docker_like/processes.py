"""Ends a process and all its descendants. Standard library only: the reaper's process starts with it.

Both podman and its helpers put children into sessions of their own, so a process group is not enough.
"""

from __future__ import annotations

import os
import signal


def kill_tree(root: int) -> None:
    """Every process is stopped before its children are listed, so none can be born meanwhile and missed."""
    waiting, found = [root], list[int]()
    while waiting:
        process = waiting.pop()
        if _send(process, signal.SIGSTOP):
            found.append(process)
            waiting += _children(process)
    for process in found:
        _send(process, signal.SIGKILL)


def _send(process: int, number: int) -> bool:
    try:
        os.kill(process, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{process}/task")  # noqa: PTH208 - pathlib would be half of the start-up
        for thread in threads:
            with open(f"/proc/{process}/task/{thread}/children") as file:
                found += map(int, file.read().split())
    except OSError:
        return found  # it ended meanwhile
    return found
