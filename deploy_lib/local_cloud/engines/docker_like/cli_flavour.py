"""Where the command lines of docker and podman differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CliFlavour:
    build: tuple[str, ...]  # flags of every build
    create: tuple[str, ...]  # flags of every container
    run: tuple[str, ...]  # flags of every container that is started
    detached: bool  # its run command is not waited for, see exit_watch.py
    ignore_file: bool  # takes --ignorefile; else an ignore file is found by the Dockerfile's own name
    ignores_always: bool  # obeys the context's own ignore file whatever it is told
    build_mounts: bool  # a build takes --volume
    heredocs: bool
    mount: str  # what stays mounted when the last command has ended; empty for nothing
    build_lock: Path | None  # for an engine whose killed builds leave something, see leftovers.py
