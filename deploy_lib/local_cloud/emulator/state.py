"""The state directory of a local cloud: its lock, its ports, and endpoints.json.

A lock that the kernel lets go with the process says whether one is alive, whatever a crash left behind.
`endpoints.json` is written last, so whoever sees it can call, and removed first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..files import write_whole


class AlreadyServed(Exception):
    """Another local cloud lives in this directory."""

    def __init__(self, state: Path, pid: str) -> None:
        super().__init__(
            f"another local cloud (process {pid}) already serves the state directory {state}; end it with "
            "SIGTERM, or choose another directory with --state"
        )
        self.pid = pid


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Keeps the directory to this process. Raises AlreadyServed."""
    import fcntl  # Windows has none, and is told so before

    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyServed(state, lock.read().strip() or "unknown") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        (state / "endpoints.json").unlink(missing_ok=True)
        yield


def last_ports(state: Path) -> dict[str, int]:
    """The ports of the local cloud that lived here before, by name: whoever waits for it waits there."""
    try:
        found = json.loads((state / "ports.json").read_text(encoding="utf-8"))
        return {str(name): int(port) for name, port in found.items() if 0 < int(port) < 65536}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def keep_ports(state: Path, ports: Mapping[str, int]) -> None:
    write_whole(state / "ports.json", json.dumps(ports))


@contextmanager
def published(state: Path, endpoints: Mapping[str, object]) -> Iterator[None]:
    path = state / "endpoints.json"
    write_whole(path, json.dumps({"pid": os.getpid(), **endpoints}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
