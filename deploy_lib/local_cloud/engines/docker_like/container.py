"""A container that docker or podman runs, as the engine's callers see it.

A thread waits for its end, since what is to be asked then, and the container's removal, should not depend on anyone
calling.
"""

from __future__ import annotations

import os
import subprocess
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from ...worker import start_worker
from ..memory_file import hold_in_memory
from ..model import EngineError
from .cli_flavour import CliFlavour
from .commands import Commands, last_line
from .exit_watch import AttachedExit, ContainerState, DetachedExit, ExitWatch, RefusedExit, read_state

_LOOK = 0.1  # seconds between two looks at its memory
_KILLED, _LOST = 137, 125
_NOT_RUNNABLE, _NOT_FOUND = 126, 127
Streams = tuple[BinaryIO, BinaryIO]


def start_container(
    commands: Commands,
    flavour: CliFlavour,
    args: Sequence[str],
    values: Mapping[str, str],
    stdin: int,
    limit: int | None,
) -> DockerLikeContainer:
    """Start it and wait until its command runs. EngineError when there can be no such container.

    A command that is not there is not such an error: it ends the container with 127, as in a shell.
    """
    name = f"engine-{uuid.uuid4().hex[:16]}"
    process = commands.start("run", "--name", name, *args, stdin=stdin, values=values)
    state = ContainerState()
    if flavour.detached:
        process.wait()
    while process.poll() is None and not state.begun:
        state = read_state(commands, name)
    if not state.begun:
        state = read_state(commands, name)
    if not state.begun:
        return _refused(commands, name, process, limit)
    end: ExitWatch = DetachedExit(commands, name, state.pid) if flavour.detached else AttachedExit(process)
    return DockerLikeContainer(commands, name, _streams(process), end, state, limit)


def _refused(commands: Commands, name: str, process: subprocess.Popen[bytes], limit: int | None) -> DockerLikeContainer:
    """It never began: a container that has ended when its command was not to be run, else an EngineError."""
    out, errors = process.communicate()
    if b"exec" not in errors or process.returncode not in (_NOT_RUNNABLE, _NOT_FOUND):
        commands.attempt("rm", "--force", "--volumes", name)
        raise EngineError(f"{commands.name} cannot start the container: {last_line(errors.decode(errors='replace'))}")
    streams = os.fdopen(hold_in_memory("stdout", out), "rb"), os.fdopen(hold_in_memory("stderr", errors), "rb")
    return DockerLikeContainer(commands, name, streams, RefusedExit(process.returncode), ContainerState(), limit)


def _streams(process: subprocess.Popen[bytes]) -> Streams:
    assert process.stdout is not None and process.stderr is not None
    return cast(BinaryIO, process.stdout), cast(BinaryIO, process.stderr)


class DockerLikeContainer:
    """See model.Container."""

    def __init__(
        self,
        commands: Commands,
        name: str,
        streams: Streams,
        end: ExitWatch,
        state: ContainerState,
        limit: int | None,
    ) -> None:
        self._commands = commands
        self.name = name
        self._streams = streams
        self._end = end
        self._state = state
        self._limit = limit
        self._code: int | None = None
        self._peak: int | None = None
        self._stopped = False
        self._starved = False
        self._settled = threading.Event()
        start_worker(self._stay, f"container {name}", lambda error: self._lose())

    @property
    def pid(self) -> int:
        """Of its first process, as the host sees it; 0 when it had ended before that could be asked."""
        return self._state.pid

    @property
    def stdout(self) -> BinaryIO:
        return self._streams[0]

    @property
    def stderr(self) -> BinaryIO:
        return self._streams[1]

    def poll(self) -> int | None:
        return self._code if self._settled.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutError when it still runs after `timeout` seconds."""
        if not self._settled.wait(timeout):
            raise TimeoutError(f"the container still runs after {timeout} s")
        assert self._code is not None
        return self._code

    def stop(self, grace: float = 10.0) -> int:
        if not self._settled.is_set():
            self._stopped = True
            with suppress(EngineError):  # it ended by itself meanwhile
                self._commands.run("stop", "--time", str(max(0, round(grace))), self.name)
        return self.wait()

    def peak_memory(self) -> int | None:
        return self._peak

    def killed_for_memory(self) -> bool:
        return self._starved

    def _stay(self) -> None:
        while (code := self._end.wait(_LOOK)) is None:
            self._look()
        self._code = code
        if code == _KILLED and not self._stopped:
            self._starved = self._asks_starved()
            if self._starved and self._limit:
                self._peak = max(self._peak or 0, self._limit)  # it was reached between two looks
        with suppress(EngineError):
            self._commands.run("rm", "--force", "--volumes", self.name)
        self._settled.set()

    def _lose(self) -> None:
        """Nobody knows how it ended; whoever waits is told that it has."""
        self._code = self._code if self._code is not None else _LOST
        self._settled.set()

    def _asks_starved(self) -> bool:
        """By the engine's own word. Its monitor cannot know on hybrid cgroups: there a kill is put to the limit."""
        killed = self._commands.attempt("inspect", "--format", "{{.State.OOMKilled}}", self.name).stdout.strip()
        return killed == "true" or self._limit is not None

    def _look(self) -> None:
        with suppress(OSError, ValueError, StopIteration):
            used = int(_memory_file(self._state).read_text())
            self._peak = max(self._peak or 0, used)


def _memory_file(state: ContainerState) -> Path:
    """Where the kernel keeps the highest memory use of its control group, of version 1 or 2.

    StopIteration while the process is not yet, or no more, in a group of the container's own.
    """
    rows = [line.split(":", 2) for line in Path(f"/proc/{state.pid}/cgroup").read_text().splitlines()]
    own = [(number, kinds, path) for number, kinds, path in rows if state.identity in path]
    old = next((path for _, kinds, path in own if "memory" in kinds.split(",")), None)
    if old is not None:
        return Path("/sys/fs/cgroup/memory" + old, "memory.max_usage_in_bytes")
    return Path("/sys/fs/cgroup" + next(path for number, _, path in own if number == "0"), "memory.peak")
