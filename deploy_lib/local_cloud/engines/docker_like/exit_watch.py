"""Notices the exit of a container, and reads its exit code.

docker's attached command ends with its container. podman's may go on for 20 seconds where process 1 of the machine
is slow to reap (measured with podman 4.3: it takes the dead monitor for alive), so it is not waited for: there the
container's own process is watched, its streams are given to it directly, and podman is asked for the code.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ..readiness import is_readable
from .commands import Commands

_ASKED = 100  # times the engine may say that a process which is gone still runs


@dataclass(frozen=True, slots=True)
class ContainerState:
    """What the engine says of a container; pid is 0 when it does not run."""

    begun: bool = False
    running: bool = False
    pid: int = 0
    code: int = 0
    identity: str = ""


def read_state(commands: Commands, name: str) -> ContainerState:
    form = "{{.State.Status}} {{.State.Pid}} {{.State.ExitCode}} {{.Id}}"
    answer = commands.attempt("inspect", "--format", form, name).stdout.split()
    if len(answer) != 4 or answer[0] not in ("running", "stopped", "exited"):
        return ContainerState()
    return ContainerState(True, answer[0] == "running", int(answer[1]), int(answer[2]), answer[3])


class ExitWatch(Protocol):
    def wait(self, seconds: float) -> int | None:
        """The exit code once it has ended; None when it has not within the time."""
        ...


class AttachedExit:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def wait(self, seconds: float) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None


class DetachedExit:
    def __init__(self, commands: Commands, name: str, pid: int) -> None:
        self._commands = commands
        self._name = name
        self._handle = -1
        with suppress(OSError):  # it has ended
            self._handle = os.pidfd_open(pid) if pid else -1

    def wait(self, seconds: float) -> int | None:
        if self._handle >= 0:
            if not is_readable(self._handle, seconds):
                return None
            os.close(self._handle)
            self._handle = -1
        for _ in range(_ASKED):
            state = read_state(self._commands, self._name)
            if state.begun and not state.running:
                return state.code
        return 255


class RefusedExit:
    """It never began: its command could not be run."""

    def __init__(self, code: int) -> None:
        self._code = code

    def wait(self, seconds: float) -> int | None:
        return self._code
