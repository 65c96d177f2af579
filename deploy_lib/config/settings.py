"""What may stand in the YAML beside the steps and the services. The descriptions become config/schema.json."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from deploy_lib.config.freeze import FreezeSettings
from deploy_lib.config.guard import GuardOf
from deploy_lib.config.job_target import JobTargetSettings
from deploy_lib.config.notify import NotifySettings
from deploy_lib.config.regions import RegionName, RegionOrder
from deploy_lib.config.service_settings import NAME, Inside, ServiceSettings
from deploy_lib.model.notices import Subscription, WebhookTarget
from deploy_lib.steps.kind import Settings
from deploy_lib.steps.variables import VARIABLE

_INSTANCE = r"[a-z][a-z0-9.:-]*:[a-z0-9-]+:[a-z][a-z0-9-]*"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""How a file may call a service: releases are kept in a directory of this name."""
PROJECT = r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$"


def _reachable(value: Any) -> Any:
    """The local cloud itself refuses what is of this form and cannot be reached all the same."""
    if isinstance(value, str) and not re.fullmatch(NAME, value):
        instance, equals, address = value.rpartition("=")
        host, _, port = address.rpartition(":")
        if equals and not re.fullmatch(_INSTANCE, instance):
            raise ValueError(f"{instance!r} is not a Cloud SQL instance; want PROJECT:REGION:INSTANCE=HOST:PORT")
        if not re.fullmatch(_HOST, host) or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{value!r} is neither HOST:PORT, with an IPv4 address or a name, nor a service's name")
    return value


Reachable = Annotated[str, BeforeValidator(_reachable)]


class FileSettings(Settings):
    """The whole file, its steps apart."""

    extends: Inside | None = Field(
        None,
        description="a file whose values hold where this one says nothing, e.g. base.yaml beside it: mappings are "
        "merged key by key, lists are replaced, null takes a value away",
    )
    project: str = Field(
        pattern=PROJECT,
        description="a Google Cloud project id: 6 to 30 lower-case letters, digits and hyphens",
    )
    region: RegionName | None = Field(None, description="where the services run, e.g. us-central1")
    regions: tuple[RegionName, ...] | None = Field(
        None,
        description="where each of the services runs, instead of one region: one image, released and restored together",
    )
    region_order: RegionOrder | None = Field(
        None,
        description="one_after_the_other (the default): each region's users once the one before it is live; "
        "side_by_side: all at once",
    )
    images: str = Field(
        pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+/?$",
        description="where images are pushed: host/project/repository",
    )
    bucket: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$",
        description="bucket for build sources, logs and check results, made in the first region when it is missing; "
        "default: PROJECT_cloudbuild",
    )
    local: bool = Field(False, description="use the local cloud instead of Google's")
    reach: tuple[Reachable, ...] = Field(
        (),
        description="what containers of the local cloud may reach beside its services by their URLs: HOST:PORT, "
        "services by their names, or PROJECT:REGION:INSTANCE=HOST:PORT for the socket of a Cloud SQL volume",
    )
    guard: GuardOf | None = Field(
        None,
        description="who puts the recorded traffic back when the client of a release dies while its candidate has "
        "users; cloud_build: a small build, which ends with the release",
    )
    webhook_env: str | None = Field(
        None,
        pattern=VARIABLE,
        description="variable that holds the URL of a webhook, which is called when a release starts and ends",
    )
    notify: tuple[NotifySettings, ...] = Field(
        (), description="who else is told of a release, and of which of its events"
    )
    on_failure: Literal["restore", "hold"] = Field("restore", description="after a failure under traffic")
    on_inconclusive: Literal["hold", "restore", "continue"] = Field(
        "hold", description="after a comparison or a bake without enough evidence"
    )
    freeze: tuple[FreezeSettings, ...] = Field(
        (), description="times in which no release begins, but with --emergency; one under way goes on"
    )
    services: dict[str, ServiceSettings] = Field(min_length=1, description="the services of this project")
    jobs: dict[str, JobTargetSettings] = Field(
        {}, description="jobs that are released by themselves, with --job; a file with jobs needs no services"
    )
    steps: tuple[Any, ...] = Field(min_length=1, description="the steps of a release, in order")

    @field_validator("services", "jobs")
    @classmethod
    def _called(cls, value: dict[str, ServiceSettings]) -> dict[str, ServiceSettings]:
        for name in value:
            if not _SERVICE.fullmatch(name):
                raise ValueError(
                    f"{name!r} is not a valid name of a service; letters, digits, '.', '_' and '-', 63 at most"
                )
        return value

    @model_validator(mode="after")
    def _named_apart(self) -> FileSettings:
        for name in self.jobs:
            if name in self.services:
                raise ValueError(f"{name} is both a service and a job; releases are kept by this name")
        return self

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Whoever is told of a release of these services."""
        usual = (Subscription(WebhookTarget(self.webhook_env)),) if self.webhook_env else ()
        return (*usual, *(each.subscription(self.project) for each in self.notify))


class JobsAlone(FileSettings):
    """A file with jobs and without services."""

    services: dict[str, ServiceSettings] = Field({})
    steps: tuple[Any, ...] = Field(())
