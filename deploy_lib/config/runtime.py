"""Settings of how containers run, beyond those that nearly every service has. The descriptions become the schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from deploy_lib.model.runtime import OUR_LABELS, Gpu, ProbeCheck, Runtime, Sidecar, VolumeSource, Vpc
from deploy_lib.model.variables import uses
from deploy_lib.steps.kind import Duration, Settings
from deploy_lib.steps.variables import SecretReference, SecretReferences, Text, Variables

_NAME = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
_PLACE = r"^/[^\s:]*[^\s:/]$"
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_INSTANCE = r"^[a-z][a-z0-9.:-]*:[a-z0-9-]+:[a-z][a-z0-9-]*$"
_SIZE = r"^\d+(Mi|Gi|M|G)$"


def number_as_text(value: Any) -> Any:
    """A number as it would be written; anything else as it is."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


Cpu = Annotated[str, BeforeValidator(number_as_text), Field(pattern=r"^(\d+(\.\d+)?|\d+m)$")]
Size = Annotated[str, Field(pattern=_SIZE)]
Name = Annotated[str, Field(pattern=_NAME)]
Place = Annotated[str, Field(pattern=_PLACE)]
Instance = Annotated[str, Field(pattern=_INSTANCE)]


class RuntimePart(Settings):
    """Settings with a value of `makes`, which has fields of the same names."""

    makes: ClassVar[type[Any]]

    def value(self) -> Any:
        """The plain value."""
        return self.as_value(self.makes)

    def as_value(self, makes: type[Any]) -> Any:
        """The part of it that has fields in `makes`."""
        names = [name for name in type(self).model_fields if name in makes.__dataclass_fields__]
        return makes(**{name: _plain(getattr(self, name)) for name in names})


def _plain(value: Any) -> Any:
    if isinstance(value, RuntimePart):
        return value.value()
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _no_more_than_one(settings: BaseModel, *names: str) -> None:
    given = [name for name in names if getattr(settings, name) is not None]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} do not go together; leave one out")


class ContainerProbeSettings(RuntimePart):
    """How Cloud Run asks a container whether it is well. Without path and grpc it only connects to the port."""

    makes = ProbeCheck
    path: str | None = Field(None, pattern=r"^/\S*$", description="an HTTP GET of this path must be answered with 2xx")
    grpc: str | None = Field(None, description="or the gRPC health check of this service; empty for the whole server")
    port: int | None = Field(None, ge=1, le=65535, description="default: the container's port")
    delay: Duration | None = Field(None, ge=0, le=240, description="before the first time")
    timeout: Duration | None = Field(None, ge=1, le=240, description="for one answer")
    every: Duration | None = Field(None, ge=1, le=240, description="between two")
    failures: int | None = Field(None, ge=1, description="so many in a row are too many")

    @model_validator(mode="after")
    def _one_way(self) -> ContainerProbeSettings:
        _no_more_than_one(self, "path", "grpc")
        if self.timeout is not None and self.every is not None and self.timeout > self.every:
            raise ValueError("timeout must not be longer than every")
        return self


class VolumeSettings(RuntimePart):
    """One of secret, bucket and nfs; with none of them an empty directory in memory."""

    makes = VolumeSource
    mount: Place | None = Field(None, description="where the service's container has it, e.g. /var/secrets")
    secret: SecretReference | None = Field(None, description="a secret of Secret Manager, name:version, as a file")
    file: str | None = Field(
        None, pattern=r"^[^/\s][^\s]*$", description="what that file is called; default: as the secret"
    )
    bucket: str | None = Field(
        None, pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", description="a Cloud Storage bucket"
    )
    nfs: str | None = Field(None, pattern=r"^[^\s:/]+:/\S*$", description="an NFS export, SERVER:/PATH")
    size: Size | None = Field(None, description="of an empty directory, at most; it counts as memory of the instance")
    read_only: bool = Field(False, description="of a bucket or an NFS export")

    @model_validator(mode="after")
    def _one_kind(self) -> VolumeSettings:
        _no_more_than_one(self, "secret", "bucket", "nfs", "size")
        if self.file is not None and self.secret is None:
            raise ValueError("file is the name of a secret's file; name the secret, too")
        if self.read_only and self.bucket is None and self.nfs is None:
            raise ValueError("read_only is for a bucket or an nfs export")
        return self


class ContainerSettings(RuntimePart):
    """A container beside the one that takes requests."""

    makes = Sidecar
    image: str = Field(pattern=r"^[^\s:]\S*$", description="its image, best by digest: NAME@sha256:...")
    command: tuple[str, ...] | None = Field(None, description="instead of the image's entrypoint")
    args: tuple[str, ...] | None = Field(None, description="arguments of the command")
    env: Variables = Field({}, description="variables and their values")
    secrets: SecretReferences = Field({}, description="variables and the secret each is read from, name:version")
    cpu: Cpu | None = Field(None, description="a number of processors, e.g. 0.5")
    memory: Size | None = Field(None, description="an amount of memory, e.g. 256Mi")
    depends_on: tuple[Name, ...] | None = Field(None, description="containers that must have started before it")
    mounts: dict[Name, Place] = Field({}, description="volumes and where it has them")
    startup_probe: ContainerProbeSettings | None = Field(None, description="when it has started")
    liveness_probe: ContainerProbeSettings | None = Field(None, description="whether it is to be started anew")


class VpcSettings(RuntimePart):
    """Direct VPC egress, without a connector."""

    makes = Vpc
    network: Name | None = Field(None, description="the network")
    subnet: Name | None = Field(None, description="its subnet in the region")
    tags: tuple[Name, ...] = Field((), description="network tags")

    @model_validator(mode="after")
    def _named(self) -> VpcSettings:
        if self.network is None and self.subnet is None:
            raise ValueError("vpc needs a network or a subnet")
        return self


class GpuSettings(RuntimePart):
    makes = Gpu
    type: str = Field("nvidia-l4", pattern=r"^nvidia-[a-z0-9-]+$", description="the accelerator")
    count: int = Field(1, ge=1, le=8, description="per instance")
    zonal_redundancy: bool | None = Field(None, description="capacity is reserved in another zone, billed otherwise")


class RuntimeSettings(RuntimePart):
    """The part of a service's settings about how it runs, beyond the usual."""

    makes = Runtime
    command: tuple[str, ...] | None = Field(None, description="instead of the image's entrypoint")
    args: tuple[str, ...] | None = Field(None, description="arguments of the command; variables as in env")
    labels: dict[str, Text] = Field({}, description="labels of its revisions; variables as in env")
    startup_probe: ContainerProbeSettings | None = Field(None, description="when a container has started")
    liveness_probe: ContainerProbeSettings | None = Field(None, description="whether a container is to be started anew")
    readiness_probe: ContainerProbeSettings | None = Field(None, description="whether an instance gets requests")
    cpu_boost: bool | None = Field(None, description="more CPU while an instance starts")
    session_affinity: bool | None = Field(None, description="requests of one client go to one instance where they can")
    execution_environment: Literal["gen1", "gen2"] | None = Field(None, description="the sandbox of Cloud Run")
    gpu: GpuSettings | None = Field(None, description="an accelerator for each instance")
    cloud_sql: tuple[Instance, ...] | None = Field(
        None, description="Cloud SQL instances, PROJECT:REGION:INSTANCE, with a socket each below /cloudsql"
    )
    volumes: dict[Name, VolumeSettings] = Field({}, description="volumes by name")
    containers: dict[Name, ContainerSettings] = Field({}, description="containers beside the service's own, by name")
    depends_on: tuple[Name, ...] | None = Field(
        None, description="which of them must have started before the service's own"
    )
    vpc: VpcSettings | None = Field(None, description="direct VPC egress, instead of vpc_connector")
    egress: Literal["all-traffic", "private-ranges-only"] | None = Field(
        None, description="what goes through the VPC network"
    )
    remove: tuple[str, ...] = Field(
        (),
        description="what the running service has and must lose: a key of these settings, or KEY.NAME, e.g. env.OLD, "
        "labels.team, vpc, volumes.data",
    )

    @field_validator("labels")
    @classmethod
    def _labels(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            plain = text
            for use in uses(text):
                plain = plain.replace(use[0], "x")
            if not _LABEL.fullmatch(name) or name.startswith(OUR_LABELS) or not _LABEL_VALUE.fullmatch(plain):
                raise ValueError(
                    f"{name}: {text!r} is not a label; lower-case letters, digits, _ and -, 63 at most, and no name "
                    f"that begins with {OUR_LABELS}"
                )
        return value
