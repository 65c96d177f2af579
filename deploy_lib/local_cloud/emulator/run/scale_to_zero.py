"""Scale to zero: ends the instance of a revision without traffic or tag, after a while without requests.

Cloud Run keeps idle instances for up to 15 minutes (https://cloud.google.com/run/docs/about-instance-autoscaling),
so a rollback soon after a release finds the old revision still warm. Revisions with traffic or a tag keep theirs.
"""

from __future__ import annotations

import threading

from ...worker import start_worker, unheard
from . import traffic
from .instances.timescale import Timescale
from .revision_manager import RevisionManager
from .store import ServiceStore

_IDLE = 900.0  # seconds


class ScaleToZero:
    def __init__(self, store: ServiceStore, manager: RevisionManager, timescale: Timescale) -> None:
        self._store, self._manager, self._idle = store, manager, timescale.wait(_IDLE)
        self._closing = threading.Event()
        self._thread = start_worker(self._watch, "sleep", unheard)

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closing.wait(self._idle / 4):
            with self._store.lock:
                wanted = self._wanted()
                sleepers = self._manager.sleepers(wanted, self._idle)
            for supervisor in sleepers:
                if self._closing.is_set():  # all of them are about to be ended at once
                    return
                supervisor.sleep()
            self._manager.shrink(self._idle)

    def _wanted(self) -> set[str]:
        """Full names of the revisions that serve, are asked to, or are still being deployed."""
        found: set[str] = set()
        for record in self._store.all():
            asked = traffic.targets([*record.service.traffic], record.created.short)
            serving = traffic.targets([*record.service.traffic_statuses], record.latest_ready)
            under_way = [short for short, deployed in record.revisions.items() if deployed.pending]
            found |= {record.name.revision(short) for short in (*asked, *serving, *under_way) if short}
        return found
