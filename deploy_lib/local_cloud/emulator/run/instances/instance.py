"""One instance: a container with its own network, its output, which goes to the log, and its exit.

Everything the container printed is in the log before the line that says how it ended, as people read it.
"""

from __future__ import annotations

import socket
import threading
import uuid

from ....engines.model import Container, Engine, EngineError, RunSpec
from ....worker import start_worker
from ...reach.reach import WaysOut
from . import wording
from .instance_spec import InstanceSpec, Say
from .metadata import METADATA_NAME, MetadataServer
from .netns_sockets import NetnsClosed, NetnsSockets
from .output import copy_lines
from .probe import ProbeResult, probe_startup
from .timescale import Timescale

_DRAIN = 2.0  # seconds without a line, after which no more of an ended container's are waited for


class Instance:
    """Runs from its making on. Raises EngineError when the engine cannot run it, OSError when a secret is gone."""

    def __init__(self, engine: Engine, spec: InstanceSpec, say: Say, reason: str) -> None:
        self.key = uuid.uuid4().hex
        self.ended = threading.Event()
        self.code: int | None = None  # how it ended by itself, as docker tells it
        self.over_memory = False
        self._spec, self._say = spec, say
        self._stopping = False
        self._copied = 0  # lines
        self._netns: NetnsSockets | None = None
        self._metadata: MetadataServer | None = None
        self._ways_out: WaysOut | None = None
        self._closed: NetnsClosed | None = None
        secrets = spec.secrets()
        self._volumes = spec.volumes(self._complain)
        run_spec = RunSpec(
            image=spec.image,
            entrypoint=spec.entrypoint,
            command=spec.command,
            env={**spec.env, **secrets},
            workdir=spec.workdir,
            name="localhost",
            network=False,
            hosts={METADATA_NAME: NetnsSockets.metadata_address, **spec.reach.hosts},
            memory=spec.memory,
            mounts=self._volumes.mounts(spec.volume_mounts),
            prepare=self._open,
        )
        try:
            say(self.key, "system", "INFO", reason)
            self._container: Container = engine.run(run_spec)
            try:
                self._attend()
            except BaseException:
                self._container.stop(0)
                raise
        except BaseException:
            self._close()
            raise

    def _attend(self) -> None:
        """To a container that was just started, until its end."""
        # An instance whose output nobody reads would stand still one day.
        self._output = start_worker(self._copy, f"output-{self.key[:8]}", lambda error: self._kill())
        if self._netns is None:
            self._open(self._container.pid)
        if self._closed is not None:
            self._check_ended(self._closed)
        start_worker(self._watch, f"watch-{self.key[:8]}", lambda error: self.ended.set())

    def _open(self, process: int) -> None:
        """The ways into the container's network and out of it, with the metadata server: before its code runs, if
        possible."""
        self._closed = None
        try:
            self._netns = NetnsSockets(process)
        except NetnsClosed as error:
            self._closed = error
            return
        about = self._spec.metadata
        self._metadata = MetadataServer(self._netns.metadata, {**about, "instance": self.key})
        place = (about["project"], about["region"])
        variables = self._spec.env.values()
        self._ways_out = self._spec.reach.enter(self._netns, place, self._spec.port, self._complain, variables)

    @property
    def address(self) -> tuple[str, int]:
        return NetnsSockets.address, self._spec.port

    def dial(self) -> socket.socket:
        """An unconnected socket of the container's network. Raises OSError when it has ended."""
        if self._netns is None:
            raise NetnsClosed("the container ended")
        ingress = self._netns.dial()
        ingress.setblocking(False)
        return ingress

    def probe(self, timescale: Timescale) -> ProbeResult:
        """Waits until the instance may serve, or never will."""
        if self._netns is None:
            self.ended.wait()
            return ProbeResult(False, True, 0)
        found = probe_startup(self._spec.probe, self._netns, self.ended, timescale)
        probe, name = self._spec.probe, self._spec.container
        if found.passed:
            text = wording.probe_passed(probe.kind, name, probe.port, found.tries, probe.default)
            self._say(self.key, "system", "INFO", text)
        else:
            detail = found.detail or "Connection failed with status CANCELLED."
            tries = max(found.tries, 1)
            text = wording.probe_failed(probe.kind, name, probe.port, probe.path, tries, probe.default, detail)
            self._say(self.key, "system", "ERROR", text)
        return found

    def stop(self, grace: float) -> None:
        """SIGTERM, then SIGKILL; returns when all it printed is in the log."""
        self._stopping = True
        self._container.stop(grace)
        self.ended.wait(_DRAIN * 2)

    def _complain(self, why: str) -> None:
        self._say(self.key, "system", "WARNING", why)

    def _kill(self) -> None:
        self._container.stop(0)

    def _check_ended(self, error: NetnsClosed) -> None:
        """A container that is gone has no network to enter. One that runs and cannot be entered is of no use."""
        try:
            self._container.wait(_DRAIN)
        except TimeoutError:
            raise EngineError(f"the network of the container could not be entered: {error}") from None

    def _watch(self) -> None:
        try:
            code = self._container.wait()
            self._drain()
        finally:
            self._close()
        if not self._stopping:
            self.code = code
            self.over_memory = self._container.killed_for_memory()
            if self.over_memory:
                used = self._container.peak_memory() or self._spec.memory
                self._say(self.key, "system", "ERROR", wording.over_memory(self._spec.memory, used))
            self._say(self.key, "system", "WARNING", wording.ended(code))
        self.ended.set()

    def _close(self) -> None:
        """What was opened for the container."""
        for each in (self._metadata, self._ways_out, self._netns, self._volumes):
            if each is not None:
                each.close()

    def _drain(self) -> None:
        """All that it printed comes before its end, however much it was and however slow this machine is."""
        while self._output.is_alive():
            copied = self._copied
            self._output.join(_DRAIN)
            if self._copied == copied:  # something else keeps its pipes open
                return

    def _copy(self) -> None:
        def write(stream: str, text: str) -> None:
            self._say(self.key, stream, "DEFAULT", text)
            self._copied += 1

        copy_lines(self._container.stdout, self._container.stderr, write)
