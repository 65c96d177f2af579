"""What the kernel says of a process: what it started, and where it takes connections."""

from __future__ import annotations

import os
from pathlib import Path

_LISTENING = "0A"  # the state's number in /proc/net/tcp
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1, and the same within IPv6


def parents() -> dict[int, int]:
    """Of every living process; one that has ended and is not waited for yet does not live."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(path.parent.name)] = int(fields[1])
    return found


def family(pid: int) -> set[int]:
    """The process and everything it started."""
    known, found = parents(), {pid}
    while more := {child for child, parent in known.items() if parent in found} - found:
        found |= more
    return found


def listening(pid: int) -> set[str]:
    """Local addresses, as hexadecimal, on which the process and all it started take connections from this host."""
    network = str(Path(f"/proc/{pid}/ns/net").readlink())
    found = set()
    for member in family(pid):
        try:
            if str(Path(f"/proc/{member}/ns/net").readlink()) != network:
                continue  # in a network of its own, out of reach
            sockets = {str(Path(entry.path).readlink()) for entry in os.scandir(f"/proc/{member}/fd")}
        except OSError:
            continue
        found |= {address for address, inode in _listeners(pid) if f"socket:[{inode}]" in sockets}
    return found


def _listeners(pid: int) -> list[tuple[str, str]]:
    lines = [line.split() for name in ("tcp", "tcp6") for line in _table(pid, name)]
    return [(fields[1].partition(":")[0], fields[9]) for fields in lines if fields[3] == _LISTENING]


def _table(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
