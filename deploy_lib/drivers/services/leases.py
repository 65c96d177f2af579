"""The deploy lease: an object in the build bucket decides who deploys; the service's annotations say it too.

Of two deployers who start together both find no object and both write one; Storage takes the first and refuses the
other, so the second reads the first one's lease. Expiry is judged by Storage's clock, and the object is written again
at half of its time. A service that does not exist yet is kept like any other.

The annotation is for people, for versions of this tool that know of no object, and for whoever cannot have one: it is
written along with what is written anyway. One that names its object counts as long as the object does; one that
names none counts by its own times, and is renewed by writes of the service.

Here this process's leases are taken, renewed and given up. Whose lease a service has is read in other_leases.py.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from deploy_lib.drivers.errors import PASSING, ApiError
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.lease_objects import LeaseObject, LeaseObjects, StoredLease
from deploy_lib.drivers.services.lease_renewal import Renewal
from deploy_lib.drivers.services.lost_lease import object_lost, taken_over
from deploy_lib.drivers.services.release_record import Lease
from deploy_lib.drivers.services.service_annotations import lease_of, set_annotations, with_lease
from deploy_lib.drivers.services.service_writer import WRITES_WITHIN, ServiceWriter
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud import run_v2

TOLD_FOR = 3600.0
"""Seconds that an annotation beside an object counts for versions which know of no object: nothing renews it between
two changes of the service, and a bake may be long."""
LONGEST = 600.0
"""Seconds of an object; a hold of days has one while it is written only."""


@dataclass(slots=True)
class Held:
    """A lease of this process. `lasts` in seconds; `generation` of its object, None where it has none.

    `unguarded` says why it has none.
    """

    service: Service
    lease: Lease
    lasts: float
    generation: int | None = None
    unguarded: str = ""
    asked: bool = False  # to be written as an object


class Leases:
    """By the service's path. A thread for each lease renews it."""

    def __init__(self, writer: ServiceWriter, objects: LeaseObjects, clock: Clock) -> None:
        self._writer = writer
        self._objects = objects
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._holds: dict[str, Lease] = {}
        self._renewals: dict[str, Renewal] = {}

    def now(self) -> datetime:
        """Storage's time, as far as it was asked yet; else this machine's."""
        return self._clock.now() - timedelta(seconds=self._objects.ahead)

    @property
    def ahead(self) -> float:
        """Seconds that this machine's clock is before Storage's; 0 where it was not asked."""
        return self._objects.ahead

    def new(self, service: Service, holder: str, lasts: float, release_id: str | None, why: str = "") -> Lease:
        """A lease for this process; it counts once it is written."""
        now = self.now()
        lease = Lease(holder, secrets.token_hex(8), now, now + timedelta(seconds=lasts), release_id, why)
        self._held[service.path] = Held(service, lease, lasts)
        return lease

    def take(self, path: str, *, over: bool) -> Lease | None:
        """Somebody else's lease; None when the new one is written, or no object can be had (`unguarded` says why).

        `over` takes it from whoever has it. Raises DriverError when it may be had a little later.
        """
        held = self._held[path]
        for _ in polls(self._clock, WRITES_WITHIN):
            try:
                found = self._objects.read(LeaseObject.of(held.service))
                if found is None or found.lease.token != held.lease.token:  # else written, and the answer was lost
                    if found is not None and not found.is_over and not over:
                        if foreign := self._objects.refusal(held.service):
                            raise foreign
                        return found.lease
                    found = self._put(held, found.generation if found is not None else 0)
            except DriverError as problem:
                if isinstance(problem, ApiError) and problem.code in PASSING and not over:
                    problem.no_effect = True
                    raise
                held.unguarded = (self._foreign(held.service, problem) or problem).with_remedy
                return None
            if found is not None:
                held.generation = found.generation
                held.lease = replace(held.lease, since=found.lease.since, until=found.lease.until)
                self.renew(path)
                return None
        raise DriverError("could not acquire the lease: others take it again and again", "try again")

    def _foreign(self, service: Service, problem: DriverError) -> DriverError | None:
        """Whose the bucket is, where it may not be used and that is the reason."""
        denied = isinstance(problem, ApiError) and problem.code is StatusCode.PERMISSION_DENIED
        return self._objects.refusal(service) if denied else None

    def _put(self, held: Held, over: int) -> StoredLease | None:
        held.asked = True
        return self._objects.write(held.service, held.lease, min(held.lasts, LONGEST), over)

    def held(self, path: str) -> Held | None:
        """This process's lease."""
        return self._held.get(path)

    def unguarded(self, path: str) -> str:
        """Why this process's lease is in the service's annotations alone; empty where it is an object."""
        held = self._held.get(path)
        return held.unguarded if held is not None else ""

    def remember_hold(self, path: str, hold: Lease) -> None:
        """A hold that the lease is taken over, and that stands again when the lease has ended."""
        self._holds[path] = hold

    def hold_to_put_back(self, path: str) -> Lease | None:
        """The hold that this process took its lease over; None where there was none, or it has expired."""
        hold = self._holds.get(path)
        return hold if hold is not None and hold.until > self.now() else None

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

    def give_up(self, path: str) -> None:
        """Remove the object, unless it is another's by now, and forget it. Raises DriverError; forgotten it is then."""
        held = self._held.get(path)
        self.forget(path)
        if held is None or not held.asked:
            return
        if held.generation is None or not self._objects.remove(held.service, held.generation):
            found = self._objects.read(LeaseObject.of(held.service))  # an answer was lost, or the renewal came between
            if found is not None and found.lease.token == held.lease.token:
                self._objects.remove(held.service, found.generation)

    def ours(self, path: str, service: run_v2.Service) -> bool:
        """Whether the service carries this process's lease."""
        lease, held = lease_of(service.annotations), self._held.get(path)
        return lease is not None and held is not None and lease.token == held.lease.token

    def guard(self, path: str, service: run_v2.Service, *, unless_absent: bool = False) -> None:
        """Raises DriverError when the service is no longer ours. Else the next write says that it still is.

        `unless_absent` lets a write through that must not fail for a lease that a person deleted.
        """
        if not self.ours(path, service):
            lease = lease_of(service.annotations)
            if lease is None and unless_absent:
                self._confirm(path, unless_absent=True, lost=self.taken_over(path, service))
                return
            lost = self.taken_over(path, service) or "someone removed this release's lease from the service"
            raise DriverError(lost, conflict=True)
        self._confirm(path, unless_absent=unless_absent)
        self.extend(path, service)

    def _confirm(self, path: str, *, unless_absent: bool, lost: str = "") -> None:
        """Whoever slept past the end of the lease writes it again, or learns here who has it."""
        held = self._held.get(path)
        if held is None or held.generation is None:
            return
        try:
            found = self._objects.read(LeaseObject.of(held.service))
            if found is not None and found.is_over and found.lease.token == held.lease.token:
                self._renew_object(held)
                return
        except DriverError as problem:
            if problem.conflict:
                raise
            return  # the annotation is ours, and a write of the service is refused when that changes
        if found is None and unless_absent and not lost:
            return
        if found is None or found.lease.token != held.lease.token:
            raise DriverError(lost or object_lost(found), conflict=True)

    def taken_over(self, path: str, service: run_v2.Service) -> str:
        """Who has the service instead, or had it meanwhile; empty where no such holder is known."""
        held = self._held.get(path)
        return taken_over(service, held.lease if held is not None else None)

    def extend(self, path: str, service: run_v2.Service) -> None:
        """Put our lease on the message, good from now on."""
        held = self._held.get(path)
        if held is None:  # given back by another thread just now
            raise DriverError("the lease was given back", conflict=True)
        is_hold = held.lease.release_id is None
        where = str(LeaseObject.of(held.service)) if held.generation is not None and not is_hold else ""
        until = self.now() + timedelta(seconds=max(held.lasts, TOLD_FOR) if where else held.lasts)
        set_annotations(service, with_lease(service.annotations, replace(held.lease, until=until), where))

    def renew(self, path: str) -> None:
        """Renew it in the background until it is forgotten."""
        held = self._held[path]
        if path not in self._renewals:
            self._renewals[path] = Renewal(lambda: self._renew_once(path), held.lasts / 2)
            self._renewals[path].start()

    def _renew_once(self, path: str) -> None:
        held = self._held.get(path)
        if held is not None and held.generation is not None:
            try:
                self._renew_object(held)
                return
            except ApiError as problem:
                if problem.code is not StatusCode.PERMISSION_DENIED:
                    raise
            held.generation = None  # who may create objects, and not write over them, has the annotation from now on

        def edit(service: run_v2.Service) -> list[str]:
            self.guard(path, service)
            return ["annotations"]

        self._writer.write(path, edit, "renew the lease")

    def _renew_object(self, held: Held) -> None:
        """Raises DriverError, a conflict when it is another's."""
        assert held.generation is not None
        for _ in polls(self._clock, WRITES_WITHIN):
            found = self._put(held, held.generation)
            if found is None:
                found = self._objects.read(LeaseObject.of(held.service))
            if found is None or found.lease.token != held.lease.token:
                raise DriverError(object_lost(found), conflict=True)
            held.generation = found.generation
            if not found.is_over:  # written, here or by the other thread, or the answer was lost
                return
