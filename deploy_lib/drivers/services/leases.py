"""The deploy lease: an annotation on the service itself, guarded by its etag, renewed while the release runs.

Of two deployers who start together both read the service without a lease and both write one; Cloud Run takes the
first write and refuses the other's stale etag, so the second reads again and meets the first one's lease. A service
that does not exist yet can carry no lease: of two first releases the second to create the service is refused.
Expiry is judged by the reader's clock; machines whose clocks differ by more than the lease lasts may take over early.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import Clock, DriverError, Interrupted
from deploy_lib.drivers.services.etag_writer import EtagWriter
from deploy_lib.drivers.services.release_record import Lease
from deploy_lib.drivers.services.service_annotations import history_of, lease_of, with_lease

if TYPE_CHECKING:
    from google.cloud import run_v2


@dataclass(frozen=True, slots=True)
class Held:
    """A lease of this process. `lasts` in seconds."""

    lease: Lease
    lasts: float


class Leases:
    """By the service's path. Every guarded write extends the lease; in between a thread of its own does."""

    def __init__(self, writer: EtagWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._holds: dict[str, Lease] = {}
        self._renewals: dict[str, _Renewal] = {}

    def new(self, path: str, holder: str, lasts: float, release_id: str | None, why: str = "") -> Lease:
        """A lease for this process; it counts once it is written."""
        now = self._clock.now()
        lease = Lease(holder, secrets.token_hex(8), now, now + timedelta(seconds=lasts), release_id, why)
        self._held[path] = Held(lease, lasts)
        return lease

    def remember_hold(self, path: str, hold: Lease) -> None:
        """A hold of the same person, which stands again when the lease that is taken over it has ended."""
        self._holds[path] = hold

    def hold_to_put_back(self, path: str) -> Lease | None:
        """The hold that this process took its lease over; None where there was none, or it has expired."""
        hold = self._holds.get(path)
        return hold if hold is not None and hold.until > self._clock.now() else None

    def forget(self, path: str) -> None:
        """Stop renewing. What is written stays until it expires."""
        renewal = self._renewals.pop(path, None)
        if renewal is not None:
            renewal.stop()
        self._held.pop(path, None)

    def forget_all(self) -> None:
        """Stop renewing every lease of this process."""
        for path in [*self._held]:
            self.forget(path)

    def ours(self, path: str, service: run_v2.Service) -> bool:
        """Whether the service carries this process's lease."""
        lease, held = lease_of(service.annotations), self._held.get(path)
        return lease is not None and held is not None and lease.token == held.lease.token

    def other(self, path: str, service: run_v2.Service) -> Lease | None:
        """Somebody else's lease that has not expired."""
        lease = lease_of(service.annotations)
        if lease is None or self.ours(path, service) or lease.until <= self._clock.now():
            return None
        return lease

    def guard(self, path: str, service: run_v2.Service, *, unless_absent: bool = False) -> None:
        """Raises DriverError when the service is no longer ours. Else the next write extends the lease.

        `unless_absent` lets a write through that must not fail for a lease that a person deleted.
        """
        if not self.ours(path, service):
            lease = lease_of(service.annotations)
            if lease is None and unless_absent:
                return
            lost = self.taken_over(path, service) or "someone removed this release's lease from the service"
            raise DriverError(lost, conflict=True)
        self.extend(path, service)

    def taken_over(self, path: str, service: run_v2.Service) -> str:
        """Who has the service instead, or had it meanwhile; empty where no such holder is known."""
        lease, held = lease_of(service.annotations), self._held.get(path)
        if self.ours(path, service):
            return ""
        if lease is not None:
            return f"{lease.holder} took the service over at {lease.since:%H:%M:%S} UTC"
        newest = next(iter(history_of(service.annotations)), None)
        if newest is not None and newest.at is not None and held is not None and newest.at > held.lease.since:
            return f"release {newest.id} took the service over and ended at {newest.at:%H:%M:%S} UTC ({newest.outcome})"
        return ""

    def extend(self, path: str, service: run_v2.Service) -> None:
        """Put our lease on the message, good from now on."""
        held = self._held.get(path)
        if held is None:  # given back by another thread just now
            raise DriverError("the lease was given back", conflict=True)
        until = self._clock.now() + timedelta(seconds=held.lasts)
        set_annotations(service, with_lease(service.annotations, replace(held.lease, until=until)))

    def renew(self, path: str) -> None:
        """Renew it in the background until it is forgotten."""
        held = self._held[path]
        if path not in self._renewals:
            self._renewals[path] = _Renewal(lambda: self._renew_once(path), held.lasts / 3)
            self._renewals[path].start()

    def _renew_once(self, path: str) -> None:
        def edit(service: run_v2.Service) -> list[str]:
            self.guard(path, service)
            return ["annotations"]

        self._writer.write(path, edit, "renew the lease")


class _Renewal(Thread):
    """A renewal that fails is tried again at the next turn; one that finds the lease lost ends."""

    def __init__(self, renew: Callable[[], None], every: float) -> None:
        super().__init__(name="lease", daemon=True)
        self._renew = renew
        self._every = every
        self._over = Event()

    def stop(self) -> None:
        self._over.set()

    def run(self) -> None:
        while not self._over.wait(self._every):
            try:
                self._renew()
            except Interrupted:
                continue
            except DriverError as problem:
                if problem.conflict:
                    return


def set_annotations(service: run_v2.Service, annotations: dict[str, str]) -> None:
    """Replaces all annotations of the message."""
    service.annotations.clear()
    service.annotations.update(annotations)
