"""One deployer at work: a driver, a service, and releases of it in a few words."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from google.cloud import run_v2
from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport

from deploy_lib.drivers.candidate_monitor import CandidateMonitor
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.identity.service_identity import service_identity
from deploy_lib.drivers.interface import Tell
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.drivers.services import CloudRunServices
from deploy_lib.drivers.urls import HttpUrls
from deploy_lib.model.answers import LeaseTaken, Restored, RevisionCreated, Starting, TrafficMoved, Watched
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.requests import EndLease, RestoreTraffic, TakeLease
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.release.observe import until_judged
from deploy_lib.steps import canary, promote
from deploy_lib.steps.canary import CanarySettings, CreateRevision, EndStart, LookAtStart
from deploy_lib.steps.promote import MoveTraffic, PromoteSettings, WatchUsers
from tests.cloud import LocalCloud
from tests.operations import ended
from tests.waits import until

PROJECT, REGION = "netra-staging", "us-central1"
IMAGES = f"{REGION}-docker.pkg.dev/{PROJECT}/services"
LASTS = 60.0
_NUMBER = itertools.count(1)


class DriverHarness:
    """`holder` tells deployers apart. Everything told is in `progress`."""

    def __init__(
        self, cloud: LocalCloud, image: str, name: str, holder: str = "anna at laptop", clock: SystemClock | None = None
    ) -> None:
        self.cloud, self.image, self.holder = cloud, image, holder
        self.service = Service("shop", PROJECT, REGION, name, IMAGES)
        self.progress: list[str] = []
        self.clock = clock or SystemClock()
        self.clients = Clients(Endpoints(cloud.grpc, cloud.http, cloud.registry), PROJECT)
        self.logs = ProjectLog(Calls(self.clients, self.clock), self.clock)
        self.watch = CandidateMonitor(self.clients, self.clock, self.logs)
        identity = service_identity(self.clients, self.clock, self.service)
        self.urls = HttpUrls(self.clock, self.watch, identity, trust_proxies=False)
        self.driver = CloudRunServices(self.clients, self.clock, self.urls, self.watch, self.logs)

    def close(self) -> None:
        self.driver.close()
        self.logs.close()
        self.clients.close()

    def other(self, holder: str = "ben at laptop", clock: SystemClock | None = None) -> DriverHarness:
        """Another deployer of the same service."""
        return DriverHarness(self.cloud, self.image, self.service.cloud_run, holder, clock)

    # A release in its moves

    def release(self, env: Mapping[str, str] | None = None, **more: Any) -> Release:
        number = next(_NUMBER)
        service = replace(self.service, env=dict(env or {}), **more)
        commit = f"{number:07x}" + "0" * 33
        return Release(f"release-{number}", service, commit, datetime.now(UTC), image=self.image)

    def take(self, release: Release, lasts: float = LASTS, *, over: bool = False) -> tuple[Release, LeaseTaken]:
        taken = self.driver.take_lease(TakeLease(release, self.holder, lasts, take_over=over))
        return replace(release, before=release.before or taken.before, url=taken.url), taken

    def create(self, release: Release, within: float = 40.0) -> tuple[Release, RevisionCreated]:
        settings = CanarySettings(ready_within=within, words_within=1.0)
        request, progress = canary.ask(settings, release), self.progress.append
        made = until_judged(canary.KIND, settings, release, request, self._start, self.clock, progress).answer
        assert isinstance(made, RevisionCreated)
        grown = replace(
            release,
            candidate=made.revision,
            candidate_url=made.url,
            tag="canary",
            url=made.main_url or release.url,
            stable_url=made.stable_url,
        )
        return grown, made

    def _start(self, request: CreateRevision | LookAtStart | EndStart, tell: Tell) -> Starting | RevisionCreated:
        match request:
            case CreateRevision():
                return self.driver.create_revision(request, tell)
            case LookAtStart():
                return self.driver.look_at_start(request, tell)
            case EndStart():
                return self.driver.end_start(request, tell)

    def move(self, release: Release, percent: int, ours: tuple[TrafficMap, ...] = ()) -> TrafficMoved:
        wanted = self.target(release, percent)
        return self.driver.move_traffic(
            MoveTraffic(release, PromoteSettings(percent=percent), wanted, ours=(*ours, *self.ours(release))),
            self.progress.append,
        )

    def watched(self, moved: TrafficMoved, release: Release, **settings: Any) -> Watched:
        """What was seen of it until that was enough, the traffic having moved."""

        def look(request: MoveTraffic | WatchUsers, tell: Tell) -> TrafficMoved | Watched:
            return self.urls.watch(request, tell) if isinstance(request, WatchUsers) else moved

        asked = PromoteSettings(path="/", **settings)
        try:
            request = promote.ask(asked, release)
            found = until_judged(promote.KIND, asked, release, request, look, self.clock, self.progress.append)
        finally:
            self.urls.rest()
        assert isinstance(found.answer, TrafficMoved) and found.answer.watched is not None
        return found.answer.watched

    def restore(self, release: Release, ours: tuple[TrafficMap, ...] = (), *, asks: bool = True) -> Restored:
        mine = self.ours(release)
        request = RestoreTraffic(release, mine[1], within=10.0, ours=(*ours, *mine), asks=asks)
        return self.driver.restore(request, self.progress.append)

    def end(self, release: Release, outcome: Outcome | None = Outcome.LIVE, *, to_blame: bool = False) -> None:
        self.driver.end_lease(EndLease(release, outcome, image_is_to_blame=to_blame))

    def live(self, env: Mapping[str, str] | None = None, **more: Any) -> Release:
        """A whole release that goes well."""
        release, taken = self.take(self.release(env, **more))
        assert taken.taken, taken
        release, made = self.create(release)
        assert made.ready, made.evidence
        assert self.move(release, 100).conflict is None
        self.end(release)
        return release

    # What is there

    @staticmethod
    def target(release: Release, percent: int) -> TrafficMap:
        before = (release.before or TrafficMap()).tagged(release.tag or "", release.candidate or "")
        return before.moved(release.candidate or "", percent)

    @staticmethod
    def ours(release: Release) -> tuple[TrafficMap, ...]:
        before = release.before or TrafficMap()
        return before, before.tagged(release.tag or "", release.candidate or "")

    @property
    def client(self) -> run_v2.ServicesClient:
        return run_v2.ServicesClient(transport=ServicesGrpcTransport(channel=self.cloud.channel()))

    def read(self) -> run_v2.Service:
        return self.client.get_service(name=self.service.path)

    def by_hand(self, change: Callable[[run_v2.Service], None], mask: list[str]) -> None:
        """Someone else's change, with another tool, waited for; as is what goes on, since Cloud Run refuses it then."""
        service = until(lambda: None if (found := self.read()).reconciling else found)
        change(service)
        request = run_v2.UpdateServiceRequest(service=service, update_mask={"paths": mask})
        ended(self.client.update_service(request))

    def traffic(self) -> list[tuple[str, int, str]]:
        return sorted((each.revision, each.percent, each.tag) for each in self.read().traffic)
