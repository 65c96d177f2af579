"""What the commands share: the cloud, the repository, and the drivers of each service.

A local cloud is the one that the environment names, else the one in the state directory; a release starts it.
What reads the repository and builds is imported on its first use: a rollback needs neither, and users wait for it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_lib.cli import local_cloud
from deploy_lib.cli.bootstrap import prepare_local_cloud
from deploy_lib.cli.paths import local_cloud_directory, releases_directory, state_directory
from deploy_lib.cli.program import program_of, shorter
from deploy_lib.cli.selection import Selection
from deploy_lib.cli.show.spinner import spinner
from deploy_lib.drivers.candidate_monitor import CandidateMonitor
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.compute_once import ComputeOnce
from deploy_lib.drivers.endpoints import LOCAL_ACCOUNT, Endpoints
from deploy_lib.drivers.identity.service_identity import service_identity
from deploy_lib.drivers.interface import Clock, DriverError, Drivers
from deploy_lib.drivers.network import shared_settings
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.drivers.services import CloudRunServices
from deploy_lib.drivers.urls import HttpUrls
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.release import Builder, Release
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan

if TYPE_CHECKING:
    from deploy_lib.drivers.builds.handed_releases import HandedReleases
    from deploy_lib.drivers.source.driver import GitSource
    from deploy_lib.model.service import Service
    from deploy_lib.source.last_image.record import LastImage
    from deploy_lib.source.model import Staged


@dataclass(frozen=True, slots=True)
class TrafficDrivers:
    """The drivers of what runs already, for commands that build nothing."""

    clock: Clock
    services: CloudRunServices
    urls: HttpUrls


@dataclass(slots=True)
class Session:
    """`state` is the directory of journals and caches. Each service has a separate driver, which keeps its lease.

    Safe to share between threads.
    """

    root: Path
    state: Path
    clock: Clock
    clients: Clients
    _source: ComputeOnce[None, GitSource] = field(default_factory=ComputeOnce)
    _logs: ComputeOnce[None, ProjectLog] = field(default_factory=ComputeOnce)
    _traffic_drivers: ComputeOnce[str, TrafficDrivers] = field(default_factory=ComputeOnce)

    def services(self, plan: Plan) -> CloudRunServices:
        return self.traffic_drivers(plan).services

    def traffic_drivers(self, plan: Plan) -> TrafficDrivers:
        def make() -> TrafficDrivers:
            watch = CandidateMonitor(self.clients, self.clock, self.logs)
            local = self.clients.endpoints.local
            identity = service_identity(self.clients, self.clock, plan.service)
            urls = HttpUrls(self.clock, watch, identity, trust_proxies=not local)
            made = services_driver(plan.service)(self.clients, self.clock, urls, watch, self.logs)
            return TrafficDrivers(self.clock, made, urls)

        return self._traffic_drivers.get(plan.service.label, make)

    @property
    def logs(self) -> ProjectLog:
        return self._logs.get(None, lambda: ProjectLog(Calls(self.clients, self.clock), self.clock))

    @property
    def source(self) -> GitSource:
        def make() -> GitSource:
            from deploy_lib.drivers.fact_cache import open_cache
            from deploy_lib.drivers.source.driver import GitSource

            return GitSource(self.root, open_cache(self.state), self._last_image)

        return self._source.get(None, make)

    def _last_image(self, service: Service) -> LastImage | None:
        from deploy_lib.cli.image_facts import of_last_release

        return of_last_release(releases_directory(self.state, service.project) / service.name)

    def drivers(self, plan: Plan) -> Drivers:
        from deploy_lib.drivers.builds.driver import CloudBuilds
        from deploy_lib.drivers.builds.guard import CloudGuard
        from deploy_lib.drivers.builds.submission import Submissions
        from deploy_lib.drivers.contract import CloudContract

        services, urls = self.services(plan), self.traffic_drivers(plan).urls
        builds = CloudBuilds(
            self.clients,
            self.clock,
            self.source.stage,
            self.state / "builds",
            serving=lambda service: serving_image(services.read_state(service)),
            missing_file_context=self.source.missing_file_context,
            kept=services.read_variables,
        )
        return Drivers(
            self.clock,
            self.source,
            CloudContract(self.clients, self.clock, lambda release: self.staged(release).contents, urls),
            builds,
            services,
            urls,
            CloudGuard(Submissions(Calls(self.clients, self.clock))),
        )

    @property
    def handed(self) -> HandedReleases:
        from deploy_lib.drivers.builds.handed_releases import HandedReleases
        from deploy_lib.drivers.builds.submission import Submissions

        return HandedReleases(Submissions(Calls(self.clients, self.clock)))

    def staged(self, release: Release) -> Staged:
        return self.source.stage(release, release.options.builder is Builder.CLOUD_BUILD)

    def close(self) -> None:
        for drivers in self._traffic_drivers.values():
            drivers.services.close()
        for source in self._source.values():
            source.close()
        for logs in self._logs.values():
            logs.close()
        self.clients.close()


def services_driver(service: Service) -> type[CloudRunServices]:
    """Of a service, or of a job that is released by itself."""
    if service.job is None:
        return CloudRunServices
    from deploy_lib.drivers.services.job_target import CloudRunJobs

    return CloudRunJobs


def serving_image(state: ServiceState) -> str | None:
    """The image of the revision with the largest share; None when nothing serves."""
    main = state.revision(state.traffic.main_revision() or "")
    return main.image if main else None


@contextmanager
def open_session(
    selection: Selection, args: argparse.Namespace, clock: Clock, *, starts: bool = False
) -> Iterator[Session]:
    """`starts`: a local cloud that does not run is started, else that is a NotPossible, as one that cannot be is."""
    state = state_directory(args.state)
    settings = selection.config.settings
    endpoints = local_endpoints(args, starts=starts, reach=settings.reach) if settings.local else google_endpoints()
    session = Session(selection.root, state, clock, Clients(endpoints, settings.project, selection.program))
    try:
        yield session
    finally:
        session.close()


def google_endpoints() -> Endpoints:
    """With what the environment says of the way there, told to every library."""
    try:
        os.environ.update(shared_settings(os.environ))
    except DriverError as problem:
        raise NotPossible(problem.with_remedy) from problem
    return Endpoints()


def local_endpoints(args: argparse.Namespace, *, starts: bool = False, reach: Sequence[str] = ()) -> Endpoints:
    """Those of LOCAL_CLOUD_GRPC and its like (see `local env`), else of the local cloud in the state directory.

    `reach` is what its containers have to reach, for one that a release starts or uses.
    """
    program = program_of(args)
    names = ("LOCAL_CLOUD_GRPC", "STORAGE_EMULATOR_HOST", "LOCAL_CLOUD_REGISTRY")
    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    if "LOCAL_CLOUD_GRPC" in given:
        missing = [name for name in names if name not in given]
        if missing:
            raise NotPossible(
                f"LOCAL_CLOUD_GRPC is set but {' and '.join(missing)} not; {program.command('local', 'env')} has all"
            )
        account = os.environ.get("LOCAL_CLOUD_ACCOUNT") or LOCAL_ACCOUNT
        grpc, http, registry = (given[name] for name in names)
        return Endpoints(grpc, http, registry, account)
    directory = local_cloud_directory(state_directory(args.state))
    found = local_cloud.find(directory)
    if found is None and not starts:
        raise NotPossible(f"the local cloud is not running; start it with: {program.command('local', 'up')}", 4)
    if found is None:
        prepare_local_cloud()
        stops = shorter(program.command("local", "down"))
        with spinner(f"starting the local cloud; {stops} stops it"):
            found = local_cloud.start(directory, reach=reach)
    if starts and (lacking := found.lacks(reach)):
        down = program.command("local", "down")
        raise NotPossible(
            f"the local cloud runs already, and its containers may not reach {', '.join(lacking)}, which the "
            f"configuration names; end it, and the next release starts it anew: {down}"
        )
    return Endpoints(found.grpc, found.http, found.registry)
