"""How a service's containers run, beyond the settings that nearly every service has. Plain values.

What is None, or not named in a mapping, keeps the value of the running service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OUR_LABELS = "deploy-to-gcp-"
"""How the labels begin that a release gives its revision."""


@dataclass(frozen=True, slots=True)
class ProbeCheck:
    """One way to ask: HTTP `path`, gRPC service `grpc` ("" for the server as a whole), or a TCP connection for neither.

    Times are seconds; None is Cloud Run's default
    (https://cloud.google.com/run/docs/configuring/healthchecks).
    """

    path: str | None = None
    grpc: str | None = None
    port: int | None = None
    delay: float | None = None
    timeout: float | None = None
    every: float | None = None
    failures: int | None = None


@dataclass(frozen=True, slots=True)
class VolumeSource:
    """One of secret, bucket, nfs and empty directory; `mount` is where the service's container has it."""

    mount: str | None = None
    secret: str | None = None  # name:version
    file: str | None = None  # what the secret's file is called; None: as the secret
    bucket: str | None = None
    nfs: str | None = None  # server:/path
    size: str | None = None  # of an empty directory in memory; None with none of the others: no limit
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A container beside the one that takes requests. `mounts` maps volumes to places."""

    image: str
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    cpu: str | None = None
    memory: str | None = None
    depends_on: tuple[str, ...] | None = None
    mounts: Mapping[str, str] = field(default_factory=dict)
    startup_probe: ProbeCheck | None = None
    liveness_probe: ProbeCheck | None = None


@dataclass(frozen=True, slots=True)
class Vpc:
    """Direct egress: the network of the project that the service is in; one of the two names is enough."""

    network: str | None = None
    subnet: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gpu:
    type: str = "nvidia-l4"
    count: int = 1
    zonal_redundancy: bool | None = None


@dataclass(frozen=True, slots=True)
class Runtime:
    """`remove` names what is taken away: a key of the YAML, or KEY.NAME of what is in one."""

    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    startup_probe: ProbeCheck | None = None
    liveness_probe: ProbeCheck | None = None
    readiness_probe: ProbeCheck | None = None
    cpu_boost: bool | None = None
    session_affinity: bool | None = None
    execution_environment: str | None = None  # gen1 or gen2
    gpu: Gpu | None = None
    cloud_sql: tuple[str, ...] | None = None  # PROJECT:REGION:INSTANCE
    volumes: Mapping[str, VolumeSource] = field(default_factory=dict)
    containers: Mapping[str, Sidecar] = field(default_factory=dict)
    depends_on: tuple[str, ...] | None = None
    vpc: Vpc | None = None
    egress: str | None = None  # all-traffic or private-ranges-only
    remove: tuple[str, ...] = ()
