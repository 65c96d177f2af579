"""Cloud Run v2 as a service: accepts services, deploys each change in its own thread, reports their state.

Free of the wire: requests come in as the client library's own messages, refusals leave as RunRefusal. What each
rule is taken from stands where the rule is, and all of it in README.md.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from google.cloud.run_v2.types import (
    CreateServiceRequest,
    DeleteRevisionRequest,
    DeleteServiceRequest,
    IngressTraffic,
    Revision,
    Service,
    UpdateServiceRequest,
)
from google.iam.v1.policy_pb2 import Policy
from google.longrunning.operations_pb2 import Operation

from ...engines.model import Engine
from ...worker import explain, side_by_side, start_worker, unheard
from ..ingress.server import Ingress
from ..profile.grants import Allows, is_among
from ..profile.profile import RELAXED, Profile
from ..reach.reach import Reach
from ..registry.images import RegistryImages
from ..secrets.store import Secrets
from ..wire.policies import replaced
from ..wire.times import utc
from . import change, operations
from .catalogue import Catalogue, copy_revision, copy_service
from .instances.timescale import START_TRIES, Timescale
from .invocation import holders
from .names import ServiceName, parse_parent, parse_service
from .ports import Metrics, RunLog
from .refusal import RunRefusal, check_etag, missing
from .request_recorder import RequestRecorder
from .revision_manager import RevisionManager, RevisionRunner
from .rollout import Rollouts
from .scale_to_zero import ScaleToZero
from .service_ports import ServicePorts
from .store import ServiceRecord, ServiceStore

_QUEUED = 10.0
"""Seconds that a request waits while no instance has room and there may be no more:
https://cloud.google.com/run/docs/about-instance-autoscaling"""


class CloudRun:
    """All methods may be called from any thread and raise RunRefusal. `catalogue` has the reading ones."""

    def __init__(
        self,
        engine: Engine,
        images: RegistryImages,
        secrets: Secrets,
        root: Path,
        log: RunLog,
        metrics: Metrics,
        clock: Callable[[], float],
        time_scale: float,
        profile: Profile = RELAXED,
        allows: Allows | None = None,
        *,
        reach: Reach,
        start_tries: int = START_TRIES,
    ) -> None:
        """`clock` gives seconds since the epoch; `time_scale` shortens Cloud Run's own waits, 1.0 is its pace;
        `start_tries` is how often an instance that ends while it starts is started.

        `allows` says who may do what; without it anybody may invoke any service and do everything. `reach`, which is
        the caller's to close, is told of every service.
        """
        root.mkdir(parents=True, exist_ok=True)
        self._images, self._clock, self._allows = images, clock, allows
        self._operations = operations.Operations()
        self._store = ServiceStore(root / "services", self._now)
        self.catalogue, self.history = Catalogue(self._store), self._store.history
        timescale = Timescale(time_scale, start_tries)
        self._ingress = Ingress(RequestRecorder(log, metrics, clock), reach.services, timescale.wait(_QUEUED))
        addresses = ServicePorts(root / "addresses.json", self._ingress, reach)
        self._manager = RevisionManager(
            engine,
            images,
            secrets,
            root,
            log,
            timescale,
            self._ingress,
            addresses,
            profile.lots,
            allows,
            profile.scales,
        )
        self._rollouts = Rollouts(self._store, self._manager, self._now)
        with self._store.lock:
            for record in self._store.all():
                self._manager.take_up(record)
                if record.service.reconciling:
                    work = partial(self._rollouts.carry_out, record, None)
                    fail = partial(self._abandon, record)
                    start_worker(work, f"go-on-{record.name.service}", fail)
        self._sleep = ScaleToZero(self._store, self._manager, timescale)

    # Services

    def create_service(self, request: CreateServiceRequest) -> Operation:
        name = parse_service(f"{parse_parent(request.parent)}/services/{request.service_id}")
        with self._store.lock:
            if self._store.find(name) is not None:
                raise RunRefusal("ALREADY_EXISTS", f"Resource '{name.service}' already exists.")
            return self._create(name, request.service, request.validate_only)

    def update_service(self, request: UpdateServiceRequest) -> Operation:
        wanted, name = request.service, parse_service(request.service.name)
        with self._store.lock:
            record = self._store.find(name)
            if record is None:
                if not request.allow_missing:
                    raise missing("SERVICE", name.service, name.location, name.project)
                return self._create(name, wanted, request.validate_only)
            check_etag(name.service, wanted.etag, record.service.etag)
            paths = list(request.update_mask.paths)
            changed = change.update(record, wanted, paths, self._images, self._now())
            if request.validate_only:
                return operations.done(Service.pb(changed.record.service), name.parent)
            gone = [record.revisions[short] for short in record.revisions if short not in changed.record.revisions]
            self._retire([deployed.revision.name for deployed in gone])
            record.service, record.revisions = changed.record.service, changed.record.revisions
            record.template_generation, record.current = changed.record.template_generation, changed.record.current
            return self._deploy(record, changed.revision)

    def delete_service(self, request: DeleteServiceRequest) -> Operation:
        name = parse_service(request.name)
        with self._store.lock:
            record = self._store.get(name)
            check_etag(name.service, request.etag, record.service.etag)
            gone = change.deleted(record.service, self._now())
            if request.validate_only:
                return operations.done(Service.pb(gone), name.parent)
            self._manager.close_routes(name)
            self._manager.addresses.forget(name)
            self._store.remove(record)
            supervisors = self._manager.release(deployed.revision.name for deployed in record.revisions.values())
        return self._end(name, supervisors, Service.pb(gone), lambda: Service.pb(change.gone(gone, self._now())))

    # Revisions

    def delete_revision(self, request: DeleteRevisionRequest) -> Operation:
        """Refused for one that may get traffic or is the latest (https://cloud.google.com/run/docs/managing/revisions)."""
        with self._store.lock:
            record, deployed = self.catalogue.find_revision(request.name)
            check_etag(deployed.short, request.etag, deployed.revision.etag)
            service = record.service
            led_to = {target.revision for target in service.traffic}
            led_to |= {status.revision for status in service.traffic_statuses}
            if deployed is record.created or deployed.short == record.latest_ready:
                raise RunRefusal(
                    "FAILED_PRECONDITION",
                    f"Revision '{deployed.short}' is the latest of its service and cannot be deleted.",
                )
            if deployed.short in led_to:
                raise RunRefusal(
                    "FAILED_PRECONDITION",
                    f"Revision '{deployed.short}' has traffic or a tag and cannot be deleted; move them away first.",
                )
            gone = copy_revision(deployed.revision)
            if request.validate_only:
                return operations.done(Revision.pb(gone), record.name.parent)
            del record.revisions[deployed.short]
            self._store.save(record)
            supervisors = self._manager.release([deployed.revision.name])
        return self._end(record.name, supervisors, Revision.pb(gone), lambda: Revision.pb(gone))

    # Operations

    def operation(self, name: str) -> Operation | None:
        """None when the name is not that of an operation of Cloud Run."""
        return self._operations.get(name)

    def operations(self, parent: str) -> list[Operation]:
        """Those of a project's location, the newest first."""
        return self._operations.below(parent)

    # Access policies: who may invoke a service, where that is asked.

    def get_policy(self, resource: str) -> bytes:
        with self._store.lock:
            return self._store.get(parse_service(resource)).policy

    def permitted(self, resource: str, account: str, permissions: Iterable[str]) -> list[str]:
        """Those that the account holds on the service, by its own policy or by everybody's."""
        with self._store.lock:
            record = self._store.get(parse_service(resource))
            return [
                permission
                for permission in permissions
                if self._allows is None
                or self._allows(account, permission)
                or is_among(account, holders(record, permission))
            ]

    def set_policy(self, resource: str, given: Policy) -> Policy:
        """Also raises RpcRefusal."""
        with self._store.lock:
            record = self._store.get(parse_service(resource))
            policy = replaced(record.policy, given)
            record.policy = policy.SerializeToString()
            self._store.save(record)
            self._manager.direct(record)
        return policy

    def close(self) -> None:
        """Ends every instance and the ingress."""
        self._sleep.close()
        with self._store.lock:  # no rollout is in the middle of a change
            self._manager.closed = True
        self._manager.close()
        self._ingress.close()

    def _create(self, name: ServiceName, wanted: Service, validate_only: bool) -> Operation:
        """Hold the store's lock."""
        changed = change.create(name, wanted, self._images, self._now())
        record = changed.record
        if validate_only:
            return operations.done(Service.pb(record.service), name.parent)
        self._manager.direct(record)
        return self._deploy(record, changed.revision)

    def _deploy(self, record: ServiceRecord, revision: str | None) -> Operation:
        """Hold the store's lock."""
        self._store.save(record)
        name = record.name

        def tell() -> object:
            with self._store.lock:
                found = self._store.find(name)
                return Service.pb(copy_service((found or record).service))

        accepted = copy_service(record.service)
        if accepted.observed_generation == 0 and not accepted.latest_created_revision:  # as recorded of a new one
            accepted.ingress = IngressTraffic(IngressTraffic.INGRESS_TRAFFIC_UNSPECIFIED)
        operation = self._operations.begin(name.parent, Service.pb(accepted), tell)

        def work() -> None:
            self._operations.end(operation.name, self._rollouts.carry_out(record, revision))

        def fail(error: Exception) -> None:
            try:
                self._rollouts.abandon(record, revision, explain(error))
            finally:
                self._operations.end(operation.name, explain(error), operations.INTERNAL)

        start_worker(work, f"deploy-{name.service}", fail)
        return operation

    def _retire(self, names: list[str]) -> None:
        """End what runs of revisions that made room for another. Returns at once."""
        for supervisor in self._manager.release(names):
            start_worker(supervisor.close, "make-room", unheard)

    def _end(
        self, name: ServiceName, supervisors: list[RevisionRunner], going: object, gone: Callable[[], object]
    ) -> Operation:
        operation = self._operations.begin(name.parent, going, gone)

        def work() -> None:
            side_by_side([supervisor.close for supervisor in supervisors], f"end-{name.service}")
            self._operations.end(operation.name, None)

        def fail(error: Exception) -> None:
            self._operations.end(operation.name, explain(error), operations.INTERNAL)

        start_worker(work, f"delete-{name.service}", fail)
        return operation

    def _abandon(self, record: ServiceRecord, error: Exception) -> None:
        self._rollouts.abandon(record, None, explain(error))

    def _now(self) -> datetime.datetime:
        return utc(self._clock())
