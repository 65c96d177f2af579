"""What may stand in the YAML about one job that is released by itself, beside the services."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from deploy_lib.config.exposure import ExposureSettings
from deploy_lib.config.service_settings import ServiceSettings
from deploy_lib.model.service import JobTarget, Service
from deploy_lib.steps.kind import Duration

if TYPE_CHECKING:
    from deploy_lib.config.settings import FileSettings

OF_SERVICES = (
    "port",
    "cpu_always",
    "concurrency",
    "request_timeout",
    "instances",
    "public",
    "url",
    "candidate_url",
    "invoke_as",
    "after",
    "guard",
    "health",
    "startup_probe",
    "liveness_probe",
    "readiness_probe",
    "cpu_boost",
    "session_affinity",
    "execution_environment",
    "gpu",
    "containers",
    "depends_on",
    "regions",
    "region_order",
    *ExposureSettings.model_fields,
)
"""Settings of a service that mean nothing for a job, or that its tasks do not have here."""


def _without_those(schema: dict[str, Any]) -> None:
    for name in OF_SERVICES:
        schema["properties"].pop(name, None)


class JobTargetSettings(ServiceSettings):
    """One job. What is not named here keeps the value the job has."""

    model_config = ConfigDict(json_schema_extra=_without_those)

    timeout: Duration | None = Field(None, ge=1, le=604800, description="one try of a task may take this long")
    retries: int | None = Field(None, ge=0, le=10, strict=True, description="tries more of a task that failed")
    tasks: int | None = Field(None, ge=1, le=10000, strict=True, description="tasks of one execution")
    parallelism: int | None = Field(None, ge=1, le=10000, strict=True, description="tasks at once, at most")
    run: bool = Field(False, description="execute it once it has the new image; its end is the release's verdict")
    on_failure: Literal["restore", "hold"] = Field(
        "restore", description="after a failed execution: restore puts back what the job was before, hold leaves it"
    )
    steps: tuple[Any, ...] = Field(
        (),
        description="the checks before it is changed; default: git_clean, image_contents, config_contract, build "
        "and import_check",
    )

    @model_validator(mode="before")
    @classmethod
    def _fits_a_job(cls, given: Any) -> Any:
        wrong = [name for name in OF_SERVICES if isinstance(given, dict) and name in given]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: of services only; a job takes no requests and runs in one container")
        return given

    @property
    def is_job(self) -> bool:
        return True

    def as_service(self, name: str, file: FileSettings, region: str | None = None) -> Service:
        """The job as releases know it, in one region."""
        service = super().as_service(name, file, region)
        hold = self.on_failure == "hold"
        job = JobTarget(self.timeout, self.retries, self.tasks, self.parallelism, self.run, hold)
        return replace(service, guard=None, regions=(), job=job)
