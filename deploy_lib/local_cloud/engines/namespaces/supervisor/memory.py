"""How much memory a process tree holds, in bytes, read from /proc.

Resident sizes are cheap to read and count shared pages once per process; proportional sizes are true and dear.
So the sum of resident sizes is asked first, and the proportional ones only when it is above the limit. Files
written to the container's root lie in memory, as on Cloud Run, and are counted.
"""

from __future__ import annotations

import os

_PAGE = os.sysconf("SC_PAGE_SIZE")


def measure_tree(root: int, limit: int) -> int:
    """Bytes held by `root` and its descendants, exact only above `limit`."""
    tree = _list_tree(root)
    files = _measure_files(root)
    resident = sum(map(_read_resident, tree)) + files
    if resident <= limit or len(tree) == 1:
        return resident
    return sum(map(_read_proportional, tree)) + files


def _list_tree(root: int) -> list[int]:
    found, index = [root], 0
    while index < len(found):
        process = found[index]
        index += 1
        try:
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/children") as file:
                    found.extend(map(int, file.read().split()))
        except OSError:
            continue  # it ended meanwhile
    return found


def _read_resident(process: int) -> int:
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _read_proportional(process: int) -> int:
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return _read_resident(process)
    return 0


def _measure_files(root: int) -> int:
    try:
        usage = os.statvfs(f"/proc/{root}/root")
    except OSError:
        return 0
    return (usage.f_blocks - usage.f_bfree) * usage.f_frsize
