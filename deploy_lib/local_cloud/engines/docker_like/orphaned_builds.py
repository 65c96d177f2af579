"""Removes what a killed podman build leaves: a container that only its builder knows, still mounted.

Builds of any process share one lock. Who gets it alone knows that no build is going on, and may remove them. Who
makes a container shares it too: one that is half made looks like what a build left.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .commands import Commands


@contextmanager
def building(commands: Commands, lock: Path) -> Iterator[None]:
    """Around a build; the last one to end sweeps."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _sweep(commands)


@contextmanager
def creating(lock: Path | None) -> Iterator[None]:
    """Around the making of a container, where builds leave something (`lock`: a flavour's build_lock)."""
    if lock is None:
        yield
        return
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _sweep(commands: Commands) -> None:
    listed = commands.attempt("ps", "--external", "--all", "--format", "{{.ID}} {{.Status}}").stdout
    for line in listed.splitlines():
        if line.endswith(" Storage"):
            commands.attempt("rm", "--force", line.split()[0])
