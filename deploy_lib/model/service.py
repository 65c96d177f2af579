"""What the YAML says of one service: where it runs, how it is built, what it needs.

A field that is None is not named in the YAML, and whatever the running service has is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy_lib.model.exposure import Exposure
from deploy_lib.model.runtime import Runtime
from deploy_lib.model.traffic import TrafficMap

DEFAULT_PORT = 8080
"""What Cloud Run sets PORT to where the service names none (https://cloud.google.com/run/docs/container-contract#port)."""


@dataclass(frozen=True, slots=True)
class Instances:
    """How many instances Cloud Run may keep; None leaves what the service has."""

    min: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True)
class BuildSource:
    """How the image comes to be: paths are relative to the repository's root, with forward slashes.

    `include_places` says where each pattern of `include` stands, file:line:column; empty when that is not known.
    """

    context: str = "."
    dockerfile: str = "Dockerfile"
    include: tuple[str, ...] = ()  # globs of generated files taken from the disk
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    include_places: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Health:
    """Where the service says that it is well, and what a good answer is. `timeout` in seconds.

    `status` None: it is not set, and each step has its default.
    """

    path: str = "/health"
    status: tuple[int, ...] | None = None
    json: Mapping[str, object] | None = None
    text: str | None = None
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Guard:
    """The build that watches a release under traffic. Times in seconds.

    `after`: a lease that was not renewed for so long is a dead client's. `lasts` bounds the build. `image` None: one is
    made; `service_account` None: that of the build step.
    """

    after: float = 120.0
    lasts: float = 7200.0
    image: str | None = None
    service_account: str | None = None


@dataclass(frozen=True, slots=True)
class JobTarget:
    """What a deployable that is a job has besides: `timeout` of one try in seconds. None keeps what the job has.

    `run`: it is executed once it has the new image. `hold`: after a failed execution it keeps that image.
    """

    timeout: float | None = None
    retries: int | None = None
    tasks: int | None = None
    parallelism: int | None = None
    run: bool = False
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """One service of one project, or one job (`job`). `secrets` maps a variable to "secret-name:version"."""

    name: str  # the key in the YAML
    project: str
    region: str
    cloud_run: str  # the service's name on Cloud Run
    images: str  # repository prefix, e.g. us-central1-docker.pkg.dev/netra-staging/services
    source: BuildSource = BuildSource()
    entrypoint: str | None = None  # module the server imports; None: read from the Dockerfile
    more_entrypoints: tuple[str, ...] = ()  # of further processes of the container
    pythonpath: tuple[str, ...] = ()  # image directories of sys.path besides those the image names
    port: int | None = None
    cpu: str | None = None
    memory: str | None = None
    cpu_always: bool | None = None  # CPU also between requests, which is billed otherwise
    concurrency: int | None = None
    request_timeout: float | None = None  # seconds
    instances: Instances = Instances()
    service_account: str | None = None
    vpc_connector: str | None = None
    url: str | None = None  # where the service is asked; None: at its URL on Cloud Run
    candidate_url: str | None = None  # where a tag's revision is, with {tag} in it; None: at the tag's URL
    invoke_as: str | None = None  # the account in whose name our requests are made, where it is not the caller's
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    bucket: str | None = None  # of build sources, logs and results; None: PROJECT_cloudbuild
    health: Health = Health()
    runtime: Runtime = Runtime()
    exposure: Exposure = Exposure()
    job: JobTarget | None = None  # None: it is a service
    guard: Guard | None = None  # None: nothing watches a release but its client
    regions: tuple[str, ...] = ()  # all that it runs in, this one among them; empty where that is one
    side_by_side: bool = False  # whether its regions are given users at once

    @property
    def label(self) -> str:
        """What it is called beside others: its name, with the region where it runs in several."""
        return f"{self.name} ({self.region})" if self.regions else self.name

    @property
    def kind(self) -> str:
        """What it is on Cloud Run, in a word."""
        return "service" if self.job is None else "job"

    @property
    def place(self) -> str:
        """Where its settings stand in the YAML."""
        return f"{self.kind}s.{self.name}"

    def as_found(self, traffic: TrafficMap) -> str:
        """What served, as a clause; of a job, which has no traffic, what made it as it was."""
        return str(traffic) if self.job is None else f"the job as of {traffic.main_revision()}"

    @property
    def home(self) -> str:
        """The region of what all its regions share."""
        return self.regions[0] if self.regions else self.region

    def comes_after(self, other: Service) -> bool:
        """Whether it is given users only once the other is live, of those that are released together."""
        if other.name != self.name:
            return other.name in self.after
        return not self.side_by_side and other.region in self.regions[: self.regions.index(self.region)]

    @property
    def image_name(self) -> str:
        """Name of the service's images, without tag or digest."""
        return f"{self.images}/{self.name}"

    @property
    def all_secrets(self) -> dict[str, str]:
        """Every secret that its account reads, by what it is for: a variable, a volume, a variable of a sidecar."""
        volumes = {f"the volume {name}": each.secret for name, each in self.runtime.volumes.items() if each.secret}
        beside = {
            f"{variable} of {name}": secret
            for name, each in self.runtime.containers.items()
            for variable, secret in each.secrets.items()
        }
        return {**self.secrets, **volumes, **beside}

    @property
    def path(self) -> str:
        """The Cloud Run resource name."""
        return f"projects/{self.project}/locations/{self.region}/{self.kind}s/{self.cloud_run}"
