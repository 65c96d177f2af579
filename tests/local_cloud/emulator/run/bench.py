"""A Cloud Run of the local cloud without its wire: deploy a service, wait for its end, look at what was told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from google.cloud.run_v2 import (
    Container,
    CreateServiceRequest,
    EnvVar,
    GetRevisionRequest,
    GetServiceRequest,
    Revision,
    RevisionTemplate,
    Service,
    TrafficTarget,
    TrafficTargetAllocationType,
    UpdateServiceRequest,
)
from google.longrunning.operations_pb2 import Operation

from deploy_lib.local_cloud.emulator.profile.grants import Allows
from deploy_lib.local_cloud.emulator.profile.profile import RELAXED, Profile
from deploy_lib.local_cloud.emulator.reach.reach import Reach
from deploy_lib.local_cloud.emulator.reach.targets import Target
from deploy_lib.local_cloud.emulator.registry.images import RegistryImages
from deploy_lib.local_cloud.emulator.run.ports import RequestRecord
from deploy_lib.local_cloud.emulator.run.service import CloudRun
from deploy_lib.local_cloud.emulator.secrets.store import Secrets
from deploy_lib.local_cloud.engines.model import BuildSpec, Engine
from tests.waits import WITHIN, until

IMAGE = "us-central1-docker.pkg.dev/p/services/subject:1"
PARENT = "projects/p/locations/r"
SCALE = 0.01
LATEST = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
NAMED = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION


def build_subject(engine: Engine, directory: Path) -> str:
    """The image's name in the engine's store."""
    (directory / "app.py").write_text(Path(__file__).with_name("subject.py").read_text())
    (directory / "Dockerfile").write_text(
        'FROM python:3.11-slim\nCOPY app.py /app.py\nCMD ["python", "-S", "/app.py"]\n'
    )
    spec = BuildSpec(directory, tags=("subject:1",))
    return engine.build(spec, lambda _: None, lambda: False).digest


@dataclass
class Told:
    """What Cloud Run wrote to Logging and Monitoring."""

    lines: list[tuple[str, str, str, str]] = field(default_factory=list)  # revision, stream, severity, text
    labels: list[tuple[str, str, str, str]] = field(default_factory=list)  # revision, stream, instance, container
    requests: list[tuple[str, RequestRecord]] = field(default_factory=list)
    measured: list[tuple[str, int]] = field(default_factory=list)

    def write(
        self,
        project: str,
        location: str,
        service: str,
        revision: str,
        text: str,
        stream: str,
        severity: str,
        instance_id: str,
        timestamp: float | None = None,
        request: RequestRecord | None = None,
        container: str = "",
    ) -> None:
        self.lines.append((revision, stream, severity, text))
        self.labels.append((revision, stream, instance_id, container))
        if request is not None:
            self.requests.append((revision, request))

    def request(
        self, project: str, location: str, service: str, revision: str, status: int, seconds: float, at: float
    ) -> None:
        self.measured.append((revision, status))

    def of(self, revision: str, stream: str) -> list[str]:
        return [text for name, kind, _, text in list(self.lines) if name == revision and kind == stream]


class RunBench:
    def __init__(
        self,
        engine: Engine,
        subject: str,
        root: Path,
        scale: float = SCALE,
        allows: Allows | None = None,
        reach: Sequence[Target] = (),
        profile: Profile = RELAXED,
    ) -> None:
        self.profile = profile
        self.engine, self.root, self.scale, self.allows, self.reach = engine, root, scale, allows, Reach(reach)
        self.images, self.secrets, self.told = RegistryImages(root / "images"), Secrets(), Told()
        self.images.put_from_engine(engine, subject, IMAGE)
        self.cloud = self.open()
        self.http = httpx.Client(timeout=WITHIN, trust_env=False)

    def open(self) -> CloudRun:
        """Another Cloud Run on the same state, as after a restart."""
        told, root = self.told, self.root / "run"
        return CloudRun(
            self.engine, self.images, self.secrets, root, told, told, time.time, self.scale,
            profile=self.profile, allows=self.allows, reach=self.reach,
        )  # fmt: skip

    def close(self) -> None:
        self.http.close()
        self.cloud.close()
        self.reach.close()

    def create(self, name: str, service: Service) -> Operation:
        return self.cloud.create_service(CreateServiceRequest(parent=PARENT, service_id=name, service=service))

    def update(self, service: Service, mask: Sequence[str] = (), **fields: Any) -> Operation:
        request = UpdateServiceRequest(service=service, **fields)
        request.update_mask.paths.extend(mask)
        return self.cloud.update_service(request)

    def deploy(self, name: str, service: Service) -> Service:
        """A new service when its operation has ended well."""
        return self.served(self.wait(self.create(name, service)))

    def move(self, service: Service, *targets: TrafficTarget) -> Service:
        """Traffic alone, and the service after it."""
        return self.served(self.wait(self.update(Service(name=service.name, traffic=targets), ["traffic"])))

    def served(self, operation: Operation) -> Service:
        assert operation.WhichOneof("result") == "response", operation.error
        service = Service.pb(Service())
        assert operation.response.Unpack(service)
        return Service.wrap(service)

    def accepted(self, operation: Operation) -> Service:
        """As the write was answered at once."""
        service = Service.pb(Service())
        assert operation.metadata.Unpack(service)
        return Service.wrap(service)

    def wait(self, operation: Operation) -> Operation:
        def ended() -> Operation | None:
            found = self.cloud.operation(operation.name)
            return found if found is not None and found.done else None

        return until(ended)

    def get(self, name: str) -> Service:
        return self.cloud.catalogue.get_service(GetServiceRequest(name=f"{PARENT}/services/{name}"))

    def revision(self, service: str, short: str) -> Revision:
        return self.cloud.catalogue.get_revision(
            GetRevisionRequest(name=f"{PARENT}/services/{service}/revisions/{short}")
        )


def template(revision: str = "", behaviour: str = "serve", image: str = IMAGE, **fields: Any) -> RevisionTemplate:
    """`fields` are the container's."""
    env = [EnvVar(name="BEHAVIOUR", value=behaviour), *fields.pop("env", ())]
    return RevisionTemplate(revision=revision, containers=[Container(image=image, env=env, **fields)])


def named(revision: str, percent: int = 0, tag: str = "") -> TrafficTarget:
    return TrafficTarget(type_=NAMED, revision=revision, percent=percent, tag=tag)


def latest(percent: int = 100) -> TrafficTarget:
    return TrafficTarget(type_=LATEST, percent=percent)
