"""Whose lease a service has: for deciding whether this process may begin, and for people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services.lease_objects import LeaseObject, LeaseObjects
from deploy_lib.drivers.services.leases import Leases
from deploy_lib.drivers.services.release_record import Lease
from deploy_lib.drivers.services.service_annotations import lease_of, object_of
from deploy_lib.model.service import Service
from deploy_lib.model.state import LeaseState

if TYPE_CHECKING:
    from google.cloud import run_v2


@dataclass(frozen=True, slots=True)
class OtherLeases:
    """Reads only. Beside the leases of this process, which are nobody else's."""

    leases: Leases
    objects: LeaseObjects

    def other(self, path: str, service: run_v2.Service) -> Lease | None:
        """Somebody else's lease on the service that counts.

        Raises DriverError where it is an object that cannot be read: nobody knows then whether it still does.
        """
        lease = lease_of(service.annotations)
        if lease is None or self.leases.ours(path, service):
            return None
        where, held = object_of(service.annotations), self.leases.held(path)
        if not where:
            return lease if lease.until > self.leases.now() else None
        if held is not None and held.generation is not None and str(LeaseObject.of(held.service)) == where:
            return None  # the object is this process's
        try:
            found = self.objects.read(LeaseObject.at(where))
        except DriverError as problem:
            unknown = f"whether {lease.holder} still deploys this service is not known: {problem.reason}"
            over = (
                f"if its client is gone, take the service over: {self.objects.program.command('rollback', '--force')}"
            )
            raise DriverError(unknown, "; or ".join(filter(None, (problem.remedy, over)))) from problem
        return found.lease if found is not None and found.lease.token == lease.token and not found.is_over else None

    def holder(self, service: Service, found: run_v2.Service | None) -> Lease | None:
        """Somebody else's lease that counts, on the object or the service. Raises DriverError as `other` does."""
        held = self.leases.held(service.path)
        try:
            stored = self.objects.read(LeaseObject.of(service))
        except DriverError as problem:
            if service.job is not None and self.objects.refusal(service) is None:  # a job has no annotation of it
                unknown = f"whether somebody else releases the job {service.cloud_run} is not known: {problem.reason}"
                raise DriverError(unknown, problem.remedy) from problem
            stored = None  # who may not read the object reads the annotation
        others = stored is not None and (held is None or stored.lease.token != held.lease.token)
        if stored is not None and others and not stored.is_over and self.objects.refusal(service) is None:
            return stored.lease
        return self.other(service.path, found) if found is not None else None

    def state(self, service: Service, found: run_v2.Service) -> LeaseState | None:
        """The lease for a person to read, whoever has it and also when it is over."""
        lease = lease_of(found.annotations)
        try:
            live = self.holder(service, found)
        except DriverError:
            return lease.state(self.leases.now()) if lease is not None else None
        if live is not None:
            return live.state(self.leases.now())
        if lease is None:
            return None
        known = lease.state(self.leases.now())
        if self.leases.ours(service.path, found):
            return known
        return replace(known, until=self._ended(lease, object_of(found.annotations)), expired=True)

    def _ended(self, lease: Lease, where: str) -> datetime | None:
        """When a lease that is over ended; None where that is not known, since its object is gone or another's."""
        if not where:
            return lease.until
        try:
            stored = self.objects.read(LeaseObject.at(where))
        except DriverError:
            return None
        return stored.lease.until if stored is not None and stored.lease.token == lease.token else None
