"""Assembles the local cloud: creates all services, connects them and serves them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..engines.model import Engine
from .builds.environment import BuildEnvironment
from .builds.methods import build_methods, find_build_operation
from .builds.service import CloudBuildService
from .faults.calls import CallLog
from .faults.fault import REQUEST_LOG, REQUEST_METRICS
from .faults.fault_queue import FaultQueue
from .faults.middleware import FaultMiddleware
from .faults.routes import control_routes
from .gcloud.access import GcloudAccess
from .identity.routes import identity_routes
from .jobs.methods import find_job_operation, job_methods
from .jobs.names import JobName
from .jobs.service import CloudRunJobs
from .knative.routes import KnativeApi
from .logging.build_log import write_build_line
from .logging.job_log import write_task_line
from .logging.methods import logging_methods
from .logging.run_log import Delivery, RunLogWriter
from .logging.store import LogStore
from .monitoring.counts import RequestCounts
from .monitoring.methods import monitoring_methods
from .profile.gate import Gate
from .profile.grants import Grants
from .profile.profile import RELAXED, Profile
from .profile.quotas import QuotaMeter
from .profile.routes import grant_routes
from .projects.permissions import permission_routes
from .projects.routes import project_routes
from .pubsub.topics import topic_routes
from .reach.reach import Reach
from .reach.targets import Target
from .registry.artifacts import artifact_routes
from .registry.images import RegistryImages
from .registry.routes import registry_routes
from .rest.routes import RestApi
from .run import methods as run_methods
from .run.instances.instance_spec import Say
from .run.instances.timescale import START_TRIES
from .run.service import CloudRun
from .run.volumes import remove_leftovers
from .secrets.methods import secret_methods
from .secrets.store import Secrets
from .storage.routes import STORAGE_HOST, storage_downloads, storage_routes
from .storage.store import Storage
from .wire.http import HttpServer, registry_error
from .wire.operations import operation_methods
from .wire.server import GrpcServer


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """`state` keeps what outlives the process. `time_scale` shortens Cloud Run's and Cloud Monitoring's times.

    A port of 0 is any free one. `reach` is what containers may reach beside the other services.
    `start_tries` is how often a container that ends while it starts is started.
    """

    state: Path
    time_scale: float = 1.0
    profile: Profile = RELAXED
    reach: tuple[Target, ...] = ()
    start_tries: int = START_TRIES
    grpc_port: int = 0
    http_port: int = 0
    registry_port: int = 0
    gcloud_port: int = 0


@dataclass(frozen=True, slots=True)
class ListenAddresses:
    """Of loopback: host:port, but `http` is a base URL. `gcloud` is the proxy that leads to `http`."""

    grpc: str
    http: str
    registry: str
    gcloud: str


@contextmanager
def serving(engine: Engine, settings: CloudSettings) -> Iterator[ListenAddresses]:
    """Serves until the block ends; then builds, containers and servers end too. Raises PortInUse."""
    clock, state = time.time, settings.state
    ending = threading.Event()
    queue, calls = FaultQueue(ending), CallLog(clock)
    profile, grants = settings.profile.scaled(settings.time_scale), Grants()
    gate = Gate(profile, QuotaMeter(profile.quotas, clock), grants, queue.wait)
    middleware = FaultMiddleware(queue, calls, gate)
    log = LogStore(clock, lateness=lambda: random.uniform(*profile.log_seconds))
    secrets = Secrets(clock)
    counts = RequestCounts(clock, settings.time_scale, lambda: queue.meet(REQUEST_METRICS) is not None)
    storage = Storage(state / "storage", clock)
    images = RegistryImages(state / "images", immutable_tags=profile.immutable_tags)

    def sink() -> Delivery:
        fault = queue.meet(REQUEST_LOG)
        return Delivery(fault.lost, fault.delay) if fault else Delivery()

    def read_secret(project: str, name: str, account: str) -> bytes:
        secret, _, version = name.rpartition("/versions/")
        return secrets.read(project, secret, version, account)

    remove_leftovers()
    with ExitStack() as stack:
        stack.callback(remove_leftovers)
        allows = grants.allows if profile.check_callers else None
        environment = BuildEnvironment(
            engine, storage, images, read_secret, partial(write_build_line, log), state / "builds", clock, allows
        )
        builds = stack.enter_context(closing(CloudBuildService(environment)))
        scale, writer = settings.time_scale, RunLogWriter(log, sink)
        reach = stack.enter_context(closing(Reach(settings.reach)))
        root = state / "run"
        tries = settings.start_tries
        run = CloudRun(
            engine, images, secrets, root, writer, counts, clock, scale, profile, allows, reach=reach, start_tries=tries
        )
        stack.enter_context(closing(run))
        jobs = stack.enter_context(
            closing(CloudRunJobs(engine, images, secrets, partial(_task_lines, log), clock, reach))
        )
        finders = [run_methods.find_operation(run), find_job_operation(jobs), find_build_operation(builds)]
        methods = [
            *run_methods.methods(run),
            *job_methods(jobs),
            *build_methods(builds),
            *logging_methods(log),
            *monitoring_methods(counts),
            *secret_methods(secrets),
            *operation_methods(finders, [run.operations, jobs.operations], ending.wait),
        ]
        rows = [middleware.row(method) for method in methods]

        def locations(project: str) -> list[str]:
            return sorted({*run.catalogue.locations(project), *jobs.locations(project)})

        def used() -> set[str]:
            return run.catalogue.projects() | jobs.projects()

        gcloud = stack.enter_context(closing(GcloudAccess(state / "gcloud", clock, settings.gcloud_port)))
        rest = stack.enter_context(closing(RestApi(rows, {STORAGE_HOST: storage_downloads(storage, middleware.route)})))
        routes = [
            *storage_routes(storage, middleware.route),
            *control_routes(queue, calls, run.history),
            *grant_routes(grants),
            *permission_routes(allows, grants.as_json, storage.has_bucket),
            *identity_routes(allows),
            *gcloud.routes(),
            *KnativeApi(rows, locations, used, run.catalogue.digest).routes(rest),
            *artifact_routes(images, rest),
            *topic_routes(rest),
            *project_routes(),
            *rest.routes(),
        ]
        http = stack.enter_context(closing(HttpServer(routes, settings.http_port)))
        gcloud.serve(http.serve_tls)
        registry = stack.enter_context(
            closing(HttpServer(registry_routes(images), settings.registry_port, registry_error))
        )
        grpc = stack.enter_context(closing(GrpcServer(rows, settings.grpc_port)))
        # First of all, so that no call that only waits holds up the servers.
        stack.callback(ending.set)
        environment.addresses.update(
            LOCAL_CLOUD_GRPC=grpc.address,
            STORAGE_EMULATOR_HOST=f"http://{http.address}",
            LOCAL_CLOUD_REGISTRY=registry.address,
        )
        yield ListenAddresses(grpc.address, f"http://{http.address}", registry.address, gcloud.address)


def _task_lines(log: LogStore, name: JobName, task: int, number: int) -> Say:
    """What takes the lines of one try of a task."""
    labels = {
        "run.googleapis.com/execution_name": name.execution,
        "run.googleapis.com/task_index": str(task),
        "run.googleapis.com/task_attempt": str(number),
    }

    def say(instance: str, container: str, stream: str, severity: str, text: str) -> None:
        place = (name.project, name.location, name.job)
        of = {**labels, "instanceId": instance, "container_name": container}
        write_task_line(log, place, of, stream, severity, text)

    return say
