"""Runs revisions: one instance supervisor for each, and the routes of every address."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ...engines.model import Engine, EngineError
from ...worker import side_by_side, start_worker, unheard
from ..ingress.route import Route
from ..ingress.server import Ingress
from ..profile.grants import Allows
from ..registry.images import RegistryImages, RegistryRefusal
from ..secrets.store import Secrets
from . import conditions, requirements, traffic
from .conditions import ConditionFailure
from .container import make_instance_spec
from .instances import wording
from .instances.instance_pool import InstancePool
from .instances.instance_supervisor import InstanceSupervisor
from .instances.timescale import Timescale
from .invocation import invocation
from .names import ServiceName
from .ports import RunLog
from .service_ports import ServicePorts
from .store import Deployed, ServiceRecord
from .volumes import Volumes, open_volumes

Passed = Callable[[str, str], None]
"""Told the condition of a part of the work that is done, and its message."""

RevisionRunner = InstanceSupervisor | InstancePool
_MOST, _ROOM = 100, 80
"""Instances, and requests at once in one, where the template names none: https://cloud.google.com/run/quotas,
https://cloud.google.com/run/docs/about-concurrency"""
_LAST_GRACE = 2.0  # seconds an instance has when the whole local cloud ends


@dataclass
class RevisionManager:
    """`root` is Cloud Run's own directory. Methods may be called from any thread."""

    engine: Engine
    images: RegistryImages
    secrets: Secrets
    root: Path
    log: RunLog
    timescale: Timescale
    ingress: Ingress
    addresses: ServicePorts
    lots: bool = False  # how the shares of traffic are kept: by lot, or exactly
    allows: Allows | None = None  # who may do what; None: whoever asks may invoke any service, from anywhere
    scales: bool = False  # a revision has as many instances as its requests need, else one
    closed: bool = False  # nothing is started any more
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _supervisors: dict[str, RevisionRunner] = field(default_factory=dict)  # by the revision's full name

    def prepare(self, name: ServiceName, deployed: Deployed, passed: Passed) -> ConditionFailure | None:
        """Everything a container needs, checked in Cloud Run's order; the image is ready to run after it."""
        template = deployed.template
        began = time.monotonic()
        for container, digest in zip(template.containers, deployed.digests, strict=True):
            if not digest:
                return requirements.image_missing(container.image)
            try:
                requirements.load_image(self.engine, self.images, container.image, digest)
            except (EngineError, RegistryRefusal) as error:
                message = f"Container import failed: {error}"
                return ConditionFailure(conditions.IMAGE, conditions.CONTAINER_MISSING, message)
        passed(conditions.IMAGE, wording.imported(time.monotonic() - began))
        began = time.monotonic()
        failure = requirements.check_network(template, name, self.root) or requirements.check_secrets(
            self.secrets, template, name
        )
        if failure is None:
            probe = next(container.startup_probe for container in template.containers if container.ports)
            limit = probe.failure_threshold * probe.period_seconds
            took = time.monotonic() - began
            passed(conditions.RESOURCES, wording.provisioned(took, limit, probe.initial_delay_seconds))
        return failure

    def start(self, name: ServiceName, deployed: Deployed, passed: Passed) -> ConditionFailure | None:
        """Blocks until the revision has a ready instance, or its first start has failed."""
        began = time.monotonic()
        message = self.supervisor(name, deployed).start()
        if message is None:
            passed(conditions.HEALTH, wording.healthy(time.monotonic() - began))
            return None
        message += wording.where_to_look(name.project, name.service, deployed.short)
        return ConditionFailure(conditions.HEALTH, conditions.NEVER_STARTED, message)

    def retire(self, deployed: Deployed) -> None:
        """Of a revision that failed: its supervisor ends when it has made its last try. Returns at once."""
        with self._lock:
            supervisor = self._supervisors.get(deployed.revision.name)
        if supervisor is None:
            return

        def end() -> None:
            supervisor.wait_for_last_try()
            for released in self.release([deployed.revision.name]):
                released.close()

        start_worker(end, f"retire-{deployed.short}", unheard)

    def supervisor(self, name: ServiceName, deployed: Deployed) -> RevisionRunner:
        full = deployed.revision.name
        with self._lock:
            if full not in self._supervisors:
                self._supervisors[full] = self._make_runner(name, deployed)
                if self.closed:
                    self._supervisors[full].close()
            return self._supervisors[full]

    def direct(self, record: ServiceRecord) -> None:
        """Lead the service's addresses to what its traffic statuses say, all at once. Hold the store's lock."""
        serving = record.service.traffic_statuses
        names = traffic.targets(list(serving), record.latest_ready)
        routes: dict[int, Route | None] = dict.fromkeys(self.addresses.ports(record.name).values())
        shares = traffic.shares([(short, status.percent) for short, status in zip(names, serving, strict=True)])
        route = self._route(record, shares)
        routes |= dict.fromkeys(self.addresses.own_ports(record.name), route)
        for short, status in zip(names, serving, strict=True):
            if status.tag:
                routes[self.addresses.port(record.name, status.tag)] = self._route(record, {short: 100})
        self.ingress.lead(routes)

    def close_routes(self, name: ServiceName) -> None:
        self.ingress.lead(dict.fromkeys(self.addresses.ports(name).values()))

    def release(self, fulls: Iterable[str]) -> list[RevisionRunner]:
        """The supervisors of these revisions, forgotten here: the caller ends them."""
        with self._lock:
            return [self._supervisors.pop(full) for full in fulls if full in self._supervisors]

    def take_up(self, record: ServiceRecord) -> None:
        """After a restart: the addresses lead where they led, and what serves is started. Returns at once."""
        self.direct(record)
        serving = {status.revision or record.latest_ready for status in record.service.traffic_statuses}
        for deployed in [record.revisions[short] for short in serving if short in record.revisions]:
            supervisor = self.supervisor(record.name, deployed)

            def start(
                supervisor: RevisionRunner = supervisor,
                name: ServiceName = record.name,
                deployed: Deployed = deployed,
            ) -> None:
                self.prepare(name, deployed, lambda part, message: None)
                supervisor.start()

            start_worker(start, f"take-up-{deployed.short}", unheard)  # the first request starts it again

    def sleepers(self, wanted: Set[str], idle: float) -> list[RevisionRunner]:
        """Supervisors of revisions that nobody wants that had no request for `idle` seconds."""
        with self._lock:
            return [
                supervisor
                for full, supervisor in self._supervisors.items()
                if full not in wanted and supervisor.idle() > idle
            ]

    def shrink(self, idle: float) -> None:
        """End the instances beside the first of a revision that had no request for `idle` seconds."""
        with self._lock:
            pools = [runner for runner in self._supervisors.values() if isinstance(runner, InstancePool)]
        for pool in pools:
            pool.shrink(idle)

    def close(self) -> None:
        with self._lock:
            self.closed = True
            supervisors, self._supervisors = list(self._supervisors.values()), {}
        with suppress(Exception):  # it is told already, and all else has to end too
            side_by_side([partial(supervisor.close, _LAST_GRACE) for supervisor in supervisors], "end")

    def _route(self, record: ServiceRecord, shares: dict[str, int]) -> Route:
        """To nothing, which is 503, while no revision is ready."""
        known = {short: percent for short, percent in shares.items() if short in record.revisions}
        supervisors = tuple(self.supervisor(record.name, record.revisions[short]) for short in known)
        admission = None
        if self.allows is not None:
            admission = invocation(record, self.addresses.urls(record.name), self.allows)
        return Route(supervisors, tuple(known.values()), self.lots, admission)

    def _make_runner(self, name: ServiceName, deployed: Deployed) -> RevisionRunner:
        if not self.scales:
            return self._make_crew(name, deployed)
        template = deployed.template
        most = template.scaling.max_instance_count or _MOST
        room = template.max_instance_request_concurrency or _ROOM
        return InstancePool(lambda: self._make_crew(name, deployed), room, most)

    def _make_crew(self, name: ServiceName, deployed: Deployed) -> InstanceSupervisor:
        place = (name.project, name.location, name.service, deployed.short)
        template = deployed.template

        def say(instance: str, container: str, stream: str, severity: str, text: str) -> None:
            self.log.write(*place, text, stream, severity, instance, container=container)

        def volumes(complain: Callable[[str], None]) -> Volumes:
            read = requirements.secret_reader(self.secrets, template, name)
            return open_volumes(template.volumes, read, self.addresses.reach, complain)

        spec = make_instance_spec(
            template, name, deployed.short, deployed.digests,
            lambda number: requirements.read_secrets(self.secrets, template, name, number),
            self.addresses.reach, volumes,
        )  # fmt: skip
        return InstanceSupervisor(
            place,
            spec,
            self.engine,
            say,
            self.timescale,
            self.ingress.forget,
            timeout=template.timeout.total_seconds(),
            proven=deployed.ready,
        )
