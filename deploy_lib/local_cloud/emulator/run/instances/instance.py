"""One instance: containers that share a network of their own and are started in order, until the end of one of them.

The end of any is the end of all, as an instance without one of its containers serves nobody [report: a collector whose
probe fails takes its service's instance with it]. Of a task, whose containers are there to end, that is a failure of
any, or when all have succeeded that no other waits for [assumed]. No request is sent to it from that moment on.
Everything that a container printed is in the log before the line that says how it ended, as people read it.
"""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from ....engines.model import Engine, EngineError, RunSpec
from ....worker import explain, side_by_side
from . import wording
from .instance_network import InstanceNetwork
from .instance_spec import ContainerSpec, InstanceSpec, Say
from .probe import ProbeResult, probe_startup
from .running_container import RunningContainer
from .timescale import Timescale

_DRAIN = 4.0  # seconds within which the end of a stopped one is in the log
_LEFT_ALONE = 2.0  # seconds to end that the others have after one


@dataclass(frozen=True, slots=True)
class NotUp:
    """Why an instance did not come up: a container that ended, or did not pass its probe, or `why` it cannot run."""

    container: ContainerSpec
    ended: bool
    why: str = ""


class Instance:
    """Its first container runs from its making on; `bring_up` starts the others. Raises EngineError when the engine
    cannot run it, OSError when a secret is gone."""

    def __init__(self, engine: Engine, spec: InstanceSpec, say: Say, reason: str) -> None:
        self.key = uuid.uuid4().hex
        self.ending = threading.Event()  # the end of one, or `stop`, has begun that of all
        self.ended = threading.Event()
        self.ended_by: RunningContainer | None = None  # the one whose end by itself was that of all
        self._engine, self._spec, self._say = engine, spec, say
        self._changed = threading.Condition()
        self._running: list[RunningContainer] = []
        self._alive = 0  # containers that run, are being started, or whose end is being told
        self._up: set[str] = set()
        self._not_up: NotUp | None = None
        self._closed = False
        self._network = InstanceNetwork(spec, self.key, self._complain)
        self._secrets: Mapping[str, Mapping[str, str]] = {each.name: each.secrets() for each in spec.containers}
        self._volumes = spec.volumes(self._complain)
        say(self.key, spec.main.name, "system", "INFO", reason)
        try:
            self._network.prepare()
            self._start(spec.containers[0])
        except BaseException:
            self._end()
            raise

    @property
    def address(self) -> tuple[str, int]:
        """Of the one that takes requests."""
        port = self._spec.main.port
        assert port is not None
        return self._network.address, port

    def dial(self) -> socket.socket:
        """An unconnected socket of the containers' network. Raises OSError when it has ended."""
        return self._network.dial()

    def bring_up(self, timescale: Timescale) -> NotUp | None:
        """Starts each container when those that it comes after are up, and waits until all are, or one never will be:
        then why."""
        works = [partial(self._bring, each, timescale) for each in self._spec.containers]
        if len(works) == 1:
            works[0]()
        else:
            side_by_side(works, f"up-{self.key[:8]}")
        with self._changed:
            if self.ended_by is not None and not self._spec.finite:
                return NotUp(self.ended_by.spec, True)
            if self._not_up is None and self.ending.is_set():
                return NotUp(self._spec.main, True)
            return self._not_up

    def stop(self, grace: float) -> None:
        """SIGTERM, then SIGKILL; returns when all that was printed is in the log."""
        self._end(grace)
        self.ended.wait(_DRAIN)

    # Starting

    def _bring(self, wanted: ContainerSpec, timescale: Timescale) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_over() or self._up.issuperset(wanted.after))
            if self._is_over():
                return
            one = next((each for each in self._running if each.spec is wanted), None)
        failure = None
        try:
            one = one or self._start(wanted)
            if wanted.probe is not None:
                found = self._probe(one, timescale)
                failure = None if found.passed else NotUp(wanted, found.ended)
        except (EngineError, OSError) as error:
            failure = NotUp(wanted, False, str(error))
        except Exception as error:  # whoever waits for this one would wait for ever
            failure = NotUp(wanted, False, explain(error))
        with self._changed:
            if failure is None:
                self._up.add(wanted.name)
            elif self._not_up is None and not self.ending.is_set():
                self._not_up = failure
            self._changed.notify_all()

    def _is_over(self) -> bool:
        return self.ending.is_set() or self._not_up is not None

    def _start(self, wanted: ContainerSpec) -> RunningContainer:
        first = self._running[0].container if self._running else None
        run = RunSpec(
            image=wanted.image,
            entrypoint=wanted.entrypoint,
            command=wanted.command,
            env={**wanted.env, **self._secrets[wanted.name]},
            workdir=wanted.workdir,
            name="localhost",
            network=False,
            network_of=first,
            hosts=self._network.hosts,
            memory=wanted.memory,
            mounts=self._volumes.mounts(wanted.volume_mounts),
            prepare=self._network.open if first is None else None,
        )
        with self._changed:
            self._alive += 1
        try:
            write = partial(self._say, self.key, wanted.name)
            one = RunningContainer(self._engine, run, wanted, write, self._exited, self._over)
            try:
                if first is None:
                    self._network.enter(one.container)
            except BaseException:
                one.stop(0)
                raise
        except BaseException:
            self._count_down()
            raise
        with self._changed:
            self._running.append(one)
            late = self.ending.is_set()
        one.watch()
        if late:
            one.stop(0)
        return one

    def _probe(self, one: RunningContainer, timescale: Timescale) -> ProbeResult:
        """Waits until the container is up, or never will be."""
        probe, name = one.spec.probe, one.spec.name
        assert probe is not None
        if self._network.sockets is None:
            one.over.wait()
            return ProbeResult(False, True, 0)
        found = probe_startup(probe, self._network.sockets, one.over, timescale)
        if found.passed:
            text = wording.probe_passed(probe.kind, name, probe.port, found.tries, probe.default)
            self._say(self.key, name, "system", "INFO", text)
        else:
            detail = found.detail or "Connection failed with status CANCELLED."
            tries = max(found.tries, 1)
            text = wording.probe_failed(probe.kind, name, probe.port, probe.path, tries, probe.default, detail)
            self._say(self.key, name, "system", "ERROR", text)
        return found

    def _complain(self, why: str) -> None:
        self._say(self.key, self._spec.main.name, "system", "WARNING", why)

    # Ending

    def _exited(self, one: RunningContainer) -> None:
        """Everybody's end follows from it or does not."""
        with self._changed:
            one.exited, one.by_itself = True, not self.ending.is_set()
            if one.by_itself and self._is_final(one):
                self.ended_by = one
                self._begin_end()

    def _over(self, one: RunningContainer) -> None:
        """It has ended, and all that it printed is in the log."""
        try:
            if one.by_itself:
                self._tell_end(one)
            if one is self.ended_by:
                self._end(_LEFT_ALONE)
        finally:
            self._count_down()

    def _is_final(self, one: RunningContainer) -> bool:
        if not self._spec.finite or one.code != 0:
            return True
        waited_for = {name for each in self._spec.containers for name in each.after}
        ended = {each.spec.name for each in self._running if each.exited}
        return all(each.name in ended | waited_for for each in self._spec.containers)

    def _tell_end(self, one: RunningContainer) -> None:
        name = one.spec.name
        if one.over_memory:
            text = wording.over_memory(one.spec.memory, one.peak_memory())
            self._say(self.key, name, "system", "ERROR", text)
        if one.code is not None:
            self._say(self.key, name, "system", "WARNING", wording.ended(one.code))

    def _end(self, grace: float = 0.0) -> None:
        """Of all that still run."""
        with self._changed:
            self._begin_end()
            left = [each for each in self._running if not each.over.is_set()]
        if len(left) == 1:
            left[0].stop(grace)
        elif left:
            side_by_side([partial(each.stop, grace) for each in left], f"end-{self.key[:8]}")
        self._close_if_over()

    def _begin_end(self) -> None:
        self.ending.set()
        self._changed.notify_all()

    def _count_down(self) -> None:
        with self._changed:
            self._alive -= 1
        self._close_if_over()

    def _close_if_over(self) -> None:
        """What was opened for the containers, when the last of them has ended."""
        with self._changed:
            if self._closed or self._alive or not self.ending.is_set():
                return
            self._closed = True
        try:
            self._network.close()
            self._volumes.close()
        finally:
            self.ended.set()
