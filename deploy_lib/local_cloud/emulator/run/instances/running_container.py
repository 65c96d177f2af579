"""One container of an instance: its output, which goes to the log, and its exit."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ....engines.model import Engine, RunSpec
from ....worker import start_worker
from .instance_spec import ContainerSpec
from .output import copy_lines

_DRAIN = 2.0  # seconds without a line, after which no more of an ended container's are waited for

Write = Callable[[str, str, str], None]
"""Takes the stream, the severity and one line."""


class RunningContainer:
    """Runs from its making on. Raises EngineError when the engine cannot run it."""

    def __init__(
        self,
        engine: Engine,
        run: RunSpec,
        spec: ContainerSpec,
        write: Write,
        on_exit: Callable[[RunningContainer], None],
        on_end: Callable[[RunningContainer], None],
    ) -> None:
        """Once it is watched: `on_exit` is told when it has ended, `on_end` when all that it printed is written too."""
        self.spec = spec
        self.exited = False
        self.by_itself = False  # nobody was ending it
        self.over = threading.Event()  # and all that it printed was written
        self.code: int | None = None  # as docker tells it
        self.over_memory = False
        self._write, self._on_exit, self._on_end = write, on_exit, on_end
        self._copied = 0  # lines
        self.container = engine.run(run)
        # A container whose output nobody reads would stand still one day.
        self._output = start_worker(self._copy, f"output-{spec.name}", lambda error: self.stop(0))

    def watch(self) -> None:
        start_worker(self._watch, f"watch-{self.spec.name}", lambda error: None)

    def stop(self, grace: float) -> None:
        """SIGTERM, then SIGKILL after `grace` seconds."""
        self.container.stop(grace)

    def peak_memory(self) -> int:
        """Bytes; its limit where the engine does not know."""
        return self.container.peak_memory() or self.spec.memory

    def _watch(self) -> None:
        try:
            try:
                self.code = self.container.wait()
                self.over_memory = self.container.killed_for_memory()
            finally:
                self._on_exit(self)
            self._drain()
        finally:
            self.over.set()
            self._on_end(self)

    def _drain(self) -> None:
        """All that it printed comes before its end, however much it was and however slow this machine is."""
        while self._output.is_alive():
            copied = self._copied
            self._output.join(_DRAIN)
            if self._copied == copied:  # something else keeps its pipes open
                return

    def _copy(self) -> None:
        def write(stream: str, text: str) -> None:
            self._write(stream, "DEFAULT", text)
            self._copied += 1

        copy_lines(self.container.stdout, self.container.stderr, write)
