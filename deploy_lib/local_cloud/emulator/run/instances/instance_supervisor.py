"""Keeps one instance of one revision running: starts it, restarts it when it dies, stops it when idle.

A start that crashes is told at its first exit, as Cloud Run does (0.14 s after it in a capture), and tried again all
the same, in the rhythm of the incident: about every twelve seconds, given up after ten tries or four minutes, whichever
is first. A later try that would come up changes nothing [assumed; nobody saw one]. A revision that was ready once is
never given up: its instance is started again for as long as it is wanted, and requests meanwhile meet 503.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

from ....engines.model import Engine, EngineError
from ....worker import explain, start_worker
from . import wording
from .instance import Instance
from .instance_spec import ContainerSpec, InstanceSpec, Say
from .timescale import Timescale

_BETWEEN = 12.0  # seconds from one start to the next
_GIVEN_UP = 240.0  # seconds, the longest start-up Cloud Run allows
_GRACE = 10.0  # seconds from SIGTERM to SIGKILL, https://cloud.google.com/run/docs/container-contract#instance-shutdown
_STOPPED = "the revision was stopped while it was starting"


class _State(Enum):
    ASLEEP = "asleep"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILING = "failing"  # told as failed, and still tried
    FAILED = "failed"
    CLOSED = "closed"


class InstanceSupervisor:
    """May be used from any thread. Also what ingress.route.Upstream asks for."""

    def __init__(
        self,
        place: tuple[str, str, str, str],
        spec: InstanceSpec,
        engine: Engine,
        say: Say,
        timescale: Timescale,
        on_end: Callable[[str], None],
        *,
        timeout: float,
        proven: bool = False,
    ) -> None:
        """`place` is project, location, service and revision; `on_end` is told the key of an ended instance."""
        self.project, self.location, self.service, self.revision = place
        self.timeout = timeout
        self._spec, self._engine, self._say, self._timescale, self._on_end = spec, engine, say, timescale, on_end
        self._grace = timescale.limit(_GRACE, 2.0)
        self._proven = proven
        self._changed = threading.Condition()
        self._state = _State.ASLEEP
        self._shift = 0  # whoever tends an earlier one has nothing to say any more
        self._tending: threading.Thread | None = None
        self._instance: Instance | None = None
        self._failure = _STOPPED
        self._requests = 0
        self._idle_since = time.monotonic()

    def target(self) -> Instance | None:
        with self._changed:
            return self._instance if self._state is _State.READY else None

    def asleep(self) -> bool:
        with self._changed:
            return self._state in (_State.ASLEEP, _State.STARTING)

    def wake(self) -> bool:
        return self.start(wording.WAKING) is None

    def full(self) -> bool:
        """One instance takes any number of requests."""
        return False

    def enter(self, instance: str) -> None:
        with self._changed:
            self._requests += 1

    def leave(self, instance: str) -> None:
        with self._changed:
            self._requests -= 1
            self._idle_since = time.monotonic()

    def idle(self) -> float:
        """Seconds since the last request ended; 0 while there is one."""
        with self._changed:
            return 0.0 if self._requests else time.monotonic() - self._idle_since

    def start(self, reason: str = wording.STARTING) -> str | None:
        """Blocks until an instance is ready; else why there is none, as Cloud Run puts it."""
        with self._changed:
            if self._state in (_State.ASLEEP, _State.FAILED):
                self._shift += 1
                self._state, self._failure, self._idle_since = _State.STARTING, _STOPPED, time.monotonic()
                shift = self._shift
                self._tending = start_worker(
                    lambda: self._tend(shift, reason), self.revision, lambda error: self._give_up(shift, error)
                )
            self._changed.wait_for(lambda: self._state is not _State.STARTING)
            return None if self._state is _State.READY else self._failure

    def wait_for_last_try(self) -> None:
        """Blocks while a start that has failed is still tried again."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is not _State.FAILING)

    def sleep(self) -> None:
        """End the instance; a request or a start brings up another."""
        self._end(_State.ASLEEP)

    def close(self, at_most: float = _GRACE) -> None:
        """End the instance for good, by force after `at_most` seconds."""
        self._end(_State.CLOSED, at_most)
        if self._tending is not None:  # it may be in the middle of starting one more instance
            self._tending.join()

    def _end(self, state: _State, at_most: float = _GRACE) -> None:
        with self._changed:
            if self._state is _State.CLOSED:
                return
            instance, self._instance = self._instance, None
            self._shift += 1
            self._move(state)
        if instance is not None:
            instance.stop(min(self._grace, at_most))

    def _tend(self, shift: int, reason: str) -> None:
        """From the first start of a shift until it is ended or given up."""
        most, tries = self._timescale.start_tries, 0
        until = time.monotonic() + self._timescale.limit(_GIVEN_UP, most * 20.0)
        while True:
            began = time.monotonic()
            failure, final = self._work(shift, reason)
            tries += 1
            final = final or tries >= most or time.monotonic() >= until
            with self._changed:
                if shift != self._shift:
                    return
                self._failure = failure
                if final and not self._proven:
                    self._move(_State.FAILED)
                    return
                self._move(_State.RESTARTING if self._proven else _State.FAILING)
                pause = self._timescale.wait(_BETWEEN) - (time.monotonic() - began)
                if self._changed.wait_for(lambda: shift != self._shift, max(pause, 0.0)):
                    return

    def _give_up(self, shift: int, error: Exception) -> None:
        """Nobody tends it any more; the next start or request begins anew."""
        with self._changed:
            if shift == self._shift:
                self._failure = explain(error)
                self._move(_State.FAILED if not self._proven else _State.ASLEEP)

    def _work(self, shift: int, reason: str) -> tuple[str, bool]:
        """Runs one instance until it ends; the reason it ended, and whether a restart is pointless."""
        try:
            instance = Instance(self._engine, self._spec, self._say, reason)
        except (EngineError, OSError) as error:
            return str(error), True
        if not self._adopt(shift, instance):
            instance.stop(0)
            return _STOPPED, True
        try:
            failure = instance.bring_up(self._timescale)
            if failure is not None:
                if not failure.ended:
                    instance.stop(self._grace)
                return failure.why or _not_started(failure.container, failure.ended), not failure.ended
            with self._changed:
                late = self._state is _State.FAILING
                if shift == self._shift and not late:
                    self._proven = True
                    self._move(_State.READY)
            if late:
                instance.stop(self._grace)
                return _not_started(self._spec.main, True), True
            instance.ending.wait()
            with self._changed:
                if shift == self._shift:
                    self._move(_State.RESTARTING)
            instance.ended.wait()
            return _not_started(self._spec.main, True), False
        finally:
            self._on_end(instance.key)

    def _adopt(self, shift: int, instance: Instance) -> bool:
        with self._changed:
            if shift == self._shift:
                self._instance = instance
            return shift == self._shift

    def _move(self, state: _State) -> None:
        self._state = state
        self._changed.notify_all()


def _not_started(container: ContainerSpec, ended: bool) -> str:
    """Cloud Run's sentence for a container that ended, or did not pass its probe."""
    if container.port is not None and (ended or container.probe is None or container.probe.default):
        return wording.failed_to_start(container.port)
    return wording.FAILED_PROBE if container.probe is not None else wording.sidecar_ended(container.name)
