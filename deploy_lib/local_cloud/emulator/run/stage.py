"""Where revisions run: their crews, and which of them each address leads to."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ...engines.model import Engine, EngineError
from ...worker import start_worker, unheard
from ..front_door.door import FrontDoor
from ..front_door.way import Way
from ..registry.images import Images, RegistryRefusal
from ..secrets.store import Secrets
from . import conditions, requirements, traffic
from .addresses import Addresses
from .conditions import Failure
from .container import make_recipe
from .instances.crew import Crew
from .instances.pace import Pace
from .ledger import Deployed, Record
from .names import ServiceName
from .ports import RunLog

_LAST_GRACE = 2.0  # seconds an instance has when the whole local cloud ends


@dataclass
class Stage:
    """`root` is Cloud Run's own directory. Methods may be called from any thread."""

    engine: Engine
    images: Images
    secrets: Secrets
    root: Path
    log: RunLog
    pace: Pace
    door: FrontDoor
    addresses: Addresses
    closed: bool = False  # nothing is started any more
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _crews: dict[str, Crew] = field(default_factory=dict)  # by the revision's full name

    def prepare(self, name: ServiceName, deployed: Deployed) -> Failure | None:
        """Everything a container needs, checked in Cloud Run's order; the image is ready to run after it."""
        template = deployed.template
        image = template.containers[0].image
        if not deployed.digest:
            return requirements.image_missing(image)
        failure = requirements.check_network(template, name, self.root) or requirements.check_secrets(
            self.secrets, template, name
        )
        if failure is not None:
            return failure
        try:
            requirements.load_image(self.engine, self.images, image, deployed.digest)
        except (EngineError, RegistryRefusal) as error:
            message = f"Container import failed: {error}"
            return Failure("ContainerReady", conditions.CONTAINER_MISSING, message)
        return None

    def start(self, name: ServiceName, deployed: Deployed) -> Failure | None:
        """Blocks until the revision has a ready instance, or Cloud Run would have given up."""
        message = self.crew(name, deployed).start()
        return None if message is None else Failure("ContainerHealthy", conditions.NEVER_STARTED, message)

    def crew(self, name: ServiceName, deployed: Deployed) -> Crew:
        full = deployed.revision.name
        with self._lock:
            if full not in self._crews:
                self._crews[full] = self._make_crew(name, deployed)
                if self.closed:
                    self._crews[full].close()
            return self._crews[full]

    def direct(self, record: Record) -> None:
        """Lead the service's addresses to what its traffic statuses say, all at once. Hold the ledger's lock."""
        serving = record.service.traffic_statuses
        names = traffic.targets(list(serving), record.latest_ready)
        ways: dict[int, Way | None] = dict.fromkeys(self.addresses.ports(record.name).values())
        shares = traffic.shares([(short, status.percent) for short, status in zip(names, serving, strict=True)])
        ways[self.addresses.port(record.name)] = self._way(record, shares)
        for short, status in zip(names, serving, strict=True):
            if status.tag:
                ways[self.addresses.port(record.name, status.tag)] = self._way(record, {short: 100})
        self.door.lead(ways)

    def close_ways(self, name: ServiceName) -> None:
        self.door.lead(dict.fromkeys(self.addresses.ports(name).values()))

    def release(self, fulls: Iterable[str]) -> list[Crew]:
        """The crews of these revisions, forgotten here: the caller ends them."""
        with self._lock:
            return [self._crews.pop(full) for full in fulls if full in self._crews]

    def take_up(self, record: Record) -> None:
        """After a restart: the addresses lead where they led, and what serves is started. Returns at once."""
        self.direct(record)
        serving = {status.revision or record.latest_ready for status in record.service.traffic_statuses}
        for deployed in [record.revisions[short] for short in serving if short in record.revisions]:
            crew = self.crew(record.name, deployed)

            def start(crew: Crew = crew, name: ServiceName = record.name, deployed: Deployed = deployed) -> None:
                self.prepare(name, deployed)
                crew.start()

            start_worker(start, f"take-up-{deployed.short}", unheard)  # the first request starts it again

    def sleepers(self, wanted: Set[str], idle: float) -> list[Crew]:
        """Crews of revisions nobody wants that had no request for `idle` seconds."""
        with self._lock:
            return [crew for full, crew in self._crews.items() if full not in wanted and crew.idle() > idle]

    def close(self) -> None:
        with self._lock:
            self.closed = True
            crews, self._crews = list(self._crews.values()), {}
        ends = [start_worker(partial(crew.close, _LAST_GRACE), f"end-{crew.revision}", unheard) for crew in crews]
        for end in ends:
            end.join()

    def _way(self, record: Record, shares: dict[str, int]) -> Way:
        """To nothing, which is 503, while no revision is ready."""
        known = {short: percent for short, percent in shares.items() if short in record.revisions}
        crews = tuple(self.crew(record.name, record.revisions[short]) for short in known)
        return Way(crews, tuple(known.values()))

    def _make_crew(self, name: ServiceName, deployed: Deployed) -> Crew:
        place = (name.project, name.location, name.service, deployed.short)
        template = deployed.template

        def say(instance: str, stream: str, severity: str, text: str) -> None:
            self.log.write(*place, text, stream, severity, instance)

        recipe = make_recipe(
            template, name, deployed.short, deployed.digest,
            lambda: requirements.read_secrets(self.secrets, template, name),
        )  # fmt: skip
        return Crew(
            place,
            recipe,
            self.engine,
            say,
            self.pace,
            self.door.forget,
            timeout=template.timeout.total_seconds(),
            proven=deployed.ready,
        )
