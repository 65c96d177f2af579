"""What may stand in the YAML about one service. The descriptions become config/schema.json."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from deploy_lib.config.exposure import ExposureSettings
from deploy_lib.config.guard import GuardOf
from deploy_lib.config.regions import RegionName, RegionOrder
from deploy_lib.config.runtime import RuntimeSettings, number_as_text
from deploy_lib.model.exposure import Exposure
from deploy_lib.model.service import BuildSource, Instances, Service
from deploy_lib.steps.health import HealthSettings
from deploy_lib.steps.kind import Duration, Settings
from deploy_lib.steps.variables import ACCOUNT, SecretReferences, Text, Variables

if TYPE_CHECKING:
    from deploy_lib.config.settings import FileSettings

NAME = r"^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$"
_URL = r"^https?://(\[[0-9A-Fa-f:.]+\]|[^/\s?#@\[\]:]+)(:\d{1,5})?(/[^\s?#]*)?$"
_CONNECTOR = r"^(projects/[a-z0-9.:-]+/locations/[a-z0-9-]+/connectors/)?[a-z][-a-z0-9]{0,62}$"


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _as_list(value: object) -> object:
    """A text alone is a list of one."""
    if isinstance(value, list) and not value:
        raise ValueError("the list is empty; leave it out to have it read from the Dockerfile")
    if isinstance(value, list) and len(set(map(str, value))) < len(value):
        raise ValueError("an entrypoint is listed twice")
    return (value,) if isinstance(value, str) else () if value is None else value


Inside = Annotated[str, Field(min_length=1)]
_MODULE = r"^[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*(\(.*\))?)?$"
Entrypoints = Annotated[
    tuple[Annotated[str, Field(pattern=_MODULE)], ...],
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _MODULE},
                              {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": _MODULE}}]}),
]  # fmt: skip
Files = Annotated[
    tuple[Inside, ...],
    BeforeValidator(_one_or_more),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
PathInImage = Annotated[str, Field(pattern=r"^[^:\s]+$")]


class InstanceSettings(Settings):
    min: int | None = Field(None, ge=0, description="instances kept running")
    max: int | None = Field(None, ge=1, description="instances at most")


class ServiceSettings(RuntimeSettings, ExposureSettings):
    """One service. What is not named here keeps the value the running service has."""

    cloud_run: str = Field(
        pattern=NAME, description="the service's name on Cloud Run: lower-case letters, digits and hyphens, 49 at most"
    )
    context: Inside = Field(".", description="build context, relative to the repository's root")
    dockerfile: Inside = Field("Dockerfile", description="relative to the repository's root")
    include: tuple[str, ...] = Field((), description="globs of generated, uncommitted files the build needs")
    build_args: dict[str, Text] = Field({}, description="ARG values of the Dockerfile")
    target: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="stage of the Dockerfile to build; default: the last"
    )
    entrypoint: Entrypoints = Field(
        (),
        description="the module the server imports, e.g. app.main or app.main:app, or a list where the container "
        "starts several processes, the server's first; default: from the Dockerfile",
    )
    pythonpath: tuple[PathInImage, ...] = Field(
        (),
        description="directories of the image where Python looks for modules, besides those that the command and "
        "PYTHONPATH name, e.g. /app/src",
    )
    port: int | None = Field(None, ge=1, le=65535, description="port the container listens on, given to it as PORT")
    cpu: Annotated[str, BeforeValidator(number_as_text)] | None = Field(
        None, pattern=r"^(\d+(\.\d+)?|\d+m)$", description="a number of processors, e.g. 1, 0.5 or 500m"
    )
    memory: str | None = Field(None, pattern=r"^\d+(Mi|Gi|M|G)$", description="an amount of memory, e.g. 512Mi or 2Gi")
    cpu_always: bool | None = Field(
        None,
        description="CPU also between requests, billed for the whole life of an instance; default: as the running "
        "service has it, false for a new one",
    )
    concurrency: int | None = Field(None, ge=1, le=1000, description="requests one instance serves at once")
    request_timeout: Duration | None = Field(None, ge=1, le=3600, description="a request may take this long")
    instances: InstanceSettings = Field(InstanceSettings(), description="how many instances")
    service_account: str | None = Field(
        None,
        pattern=ACCOUNT,
        description="the account the service runs as, name@project.iam.gserviceaccount.com",
    )
    vpc_connector: str | None = Field(
        None,
        pattern=_CONNECTOR,
        description="Serverless VPC Access connector: its name, or projects/PROJECT/locations/REGION/connectors/NAME",
    )
    url: str | None = Field(
        None,
        pattern=_URL,
        description="where the service is asked, e.g. at a load balancer or a domain of one's own; default: its own "
        "URL on Cloud Run",
    )
    candidate_url: str | None = Field(
        None,
        pattern=_URL,
        description="where the revision of a tag is asked, with {tag} in place of the tag; default: the tag's own URL "
        "on Cloud Run",
    )
    invoke_as: str | None = Field(
        None,
        pattern=ACCOUNT,
        description="the account in whose name a service that is not public is asked; default: the caller's own",
    )
    env: Variables = Field(
        {},
        description="variables and their values; ${COMMIT}, ${PROJECT}, ${SERVICE}, ${RELEASE} and ${REGION} are "
        "filled in",
    )
    env_file: Files = Field(
        (),
        description="a file of variables in dotenv format, beside the file that names it, or a list; env wins over it, "
        "and secrets do not belong in it",
    )
    secrets: SecretReferences = Field({}, description="variables and the secret each is read from, name:version")
    after: tuple[str, ...] = Field((), description="services that must be live before this one starts")
    region: RegionName | None = Field(None, description="the region it runs in, where that is not the file's")
    regions: tuple[RegionName, ...] | None = Field(
        None, description="the regions it runs in, instead of one region: one image, released and restored together"
    )
    region_order: RegionOrder | None = Field(
        None, description="how its regions are given users; default: the file's region_order"
    )
    guard: GuardOf | None = Field(None, description="who watches this service's releases; default: the file's guard")
    health: HealthSettings = Field(
        HealthSettings(),
        description="what probe, compare, promote's bake and verify request unless they set something else",
    )

    @field_validator("context", "dockerfile", "include")
    @classmethod
    def _inside(cls, value: Any) -> Any:
        for path in value if isinstance(value, tuple) else (value,):
            if path.startswith(("/", "~")) or re.match(r"^[A-Za-z]:", path) or ".." in re.split(r"[\\/]", path):
                raise ValueError(f"{path!r} leaves the repository; paths are relative to its root")
        return value

    @field_validator("candidate_url")
    @classmethod
    def _of_a_tag(cls, value: str | None) -> str | None:
        if value is not None and value.replace("{tag}", "", 1).count("{") + ("{tag}" not in value):
            raise ValueError(f"{value!r} names no tag, or something else; write {{tag}} once, in place of the tag")
        return value

    @field_validator("build_args")
    @classmethod
    def _arguments(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
                raise ValueError(f"{name!r} is not a valid name for an ARG")
        return value

    @field_validator("include")
    @classmethod
    def _patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from pathspec import GitIgnoreSpec

        for pattern in value:
            try:
                GitIgnoreSpec.from_lines([f"/{pattern}"])
            except ValueError:
                raise ValueError(f"{pattern!r} is not a valid pattern; it is written as in a .gitignore") from None
        return value

    def regions_of(self, file: FileSettings) -> tuple[str, ...]:
        """Where it runs, at least one; what it says itself comes before what the file says."""
        own = self.regions or ((self.region,) if self.region else ())
        return own or file.regions or ((file.region,) if file.region else ())

    @property
    def is_job(self) -> bool:
        """Whether it is a job that is released by itself."""
        return False

    def as_service(self, name: str, file: FileSettings, region: str | None = None) -> Service:
        """The service as releases know it, in its first region; `region` instead."""
        guard, regions = self.guard or file.guard, self.regions_of(file)
        return Service(
            name=name,
            project=file.project,
            region=region or regions[0],
            regions=regions if len(regions) > 1 else (),
            side_by_side=(self.region_order or file.region_order) == "side_by_side",
            cloud_run=self.cloud_run,
            images=file.images.rstrip("/"),
            source=BuildSource(
                context=self.context,
                dockerfile=self.dockerfile,
                include=self.include,
                args=dict(self.build_args),
                target=self.target,
            ),
            entrypoint=self.entrypoint[0] if self.entrypoint else None,
            more_entrypoints=self.entrypoint[1:],
            pythonpath=self.pythonpath,
            port=self.port,
            cpu=self.cpu,
            memory=self.memory,
            cpu_always=self.cpu_always,
            concurrency=self.concurrency,
            request_timeout=self.request_timeout,
            instances=Instances(self.instances.min, self.instances.max),
            service_account=self.service_account,
            url=self.url,
            candidate_url=self.candidate_url,
            invoke_as=self.invoke_as,
            vpc_connector=self.vpc_connector,
            env=dict(self.env),
            secrets=dict(self.secrets),
            after=self.after,
            bucket=file.bucket,
            guard=guard.as_guard() if guard else None,
            health=self.health.as_health(),
            runtime=self.value(),
            exposure=self.as_value(Exposure),
        )
