"""Removes the containers that an engine's process leaves behind, however that process ends.

docker and podman keep containers running when the command that started them is killed. So a small process of its
own holds the end of a pipe: when the engine's process is gone, kill -9 included, it ends the builds it was told of
and removes every container that carries the engine's label.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from ...helper import helper_command
from .cli_flavour import CliFlavour
from .commands import Commands
from .orphaned_builds import building
from .processes import kill_tree


class OrphanReaper:
    """Started with the first thing to guard."""

    def __init__(self, commands: Commands, flavour: CliFlavour, label: str) -> None:
        self._commands = commands
        self._arguments = [label, flavour.mount, str(flavour.build_lock or ""), commands.name, commands.program]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, process: int | None = None) -> None:
        """From now on the label's containers are removed at the end, and so is this process, if one is named."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [*helper_command(main), *self._arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    env=self._commands.env,
                )
            if process is not None:
                self._tell(f"+{process}")

    def forget(self, process: int) -> None:
        with self._lock:
            self._tell(f"-{process}")

    def _tell(self, word: str) -> None:
        if self._process is None or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(f"{word}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            self._process = None  # somebody ended it; the next one to guard starts another


def main(arguments: list[str]) -> None:
    """Entry point of the reaper process: a label and a command; processes come and go on standard input."""
    label, mount, lock, name, program = arguments
    commands = Commands(name, program, dict(os.environ))
    builds: set[int] = set()
    for line in sys.stdin:
        process = int(line[1:])
        (builds.add if line[0] == "+" else builds.discard)(process)
    for process in builds:
        kill_tree(process)
    if builds and lock:
        with building(commands, Path(lock)):
            pass
    if containers := commands.attempt("ps", "--all", "--quiet", "--filter", f"label={label}").stdout.split():
        # Killed first: removing alone would wait ten seconds for each to leave by itself.
        commands.attempt("kill", *containers)
        commands.attempt("rm", "--force", "--volumes", *containers)
    if mount:
        # Refused while another engine of the same store uses it, and then that one's reaper does it.
        subprocess.run(["umount", mount], capture_output=True, check=False)
