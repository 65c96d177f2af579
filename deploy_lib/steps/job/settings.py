"""What a job step may be told, and what its job is called on Cloud Run."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field, model_validator

from deploy_lib.model.release import Release
from deploy_lib.model.service import Service
from deploy_lib.model.variables import filled, values_of
from deploy_lib.steps.kind import Duration, Settings
from deploy_lib.steps.variables import ACCOUNT, SecretReferences, Variables

LONGEST_NAME = 49
"""Characters of a job's name (https://cloud.google.com/run/docs/create-jobs says 63; so there is room for Cloud Run's
own endings of executions and tasks)."""
FILLED_IN = ("env", "args", "rollback_command")
"""Settings whose texts may have places for values of the release."""
_KEPT_TIMEOUT, _KEPT_RETRIES = 86400.0, 3
"""What is waited for at most where the file does not say it, and Cloud Run's own default."""


class JobSettings(Settings):
    name: str = Field(
        "job",
        pattern=r"^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$",
        description="lower-case letters, digits and hyphens, 20 at most; the job is SERVICE-NAME on Cloud Run, used "
        "again by each release",
    )
    command: tuple[str, ...] = Field((), description="what runs, e.g. [alembic]; default: the image's entry point")
    args: tuple[str, ...] = Field((), description="its arguments, e.g. [upgrade, head]")
    env: Variables = Field(
        {},
        description="variables besides the service's own, or instead of them; ${COMMIT}, ${PROJECT}, ${SERVICE}, "
        "${RELEASE} and ${REGION} are filled in, here, in args and in rollback_command",
    )
    secrets: SecretReferences = Field({}, description="the same from secrets, name:version")
    service_account: str | None = Field(
        None, pattern=ACCOUNT, description="the account it runs as; default: the service's"
    )
    timeout: Duration = Field(600.0, ge=1, le=604800, description="one try may take this long")
    retries: int = Field(0, ge=0, le=10, strict=True, description="tries more after one that failed")
    start_within: Duration = Field(300.0, gt=0, description="added to the time of its tries, for it to start")
    words_within: Duration = Field(10.0, ge=0, description="how much later the log lines of a failure may arrive")
    when: Literal["before_traffic", "after_live"] = Field(
        "before_traffic", description="before any user meets the candidate, or once all do; then a failure holds"
    )
    rollback_command: tuple[str, ...] = Field((), description="what takes it back, e.g. [alembic, downgrade, '-1']")
    on_failure: Literal["show", "run"] = Field(
        "show",
        description="show: the rollback command is told. run: it runs when the job has failed, and when the release "
        "has failed after it and the traffic is back",
    )

    @model_validator(mode="after")
    def _given_once(self) -> JobSettings:
        for name in self.env:
            if name in self.secrets:
                raise ValueError(f"{name} is both in env and in secrets")
        return self

    @model_validator(mode="after")
    def _has_a_way_back(self) -> JobSettings:
        if self.on_failure == "run" and not self.rollback_command:
            raise ValueError("on_failure: run needs a rollback_command")
        return self

    @property
    def longest(self) -> float:
        """Seconds after which an execution is not waited for any more."""
        return self.timeout * (1 + self.retries) + self.start_within


def of_release(settings: JobSettings, release: Release) -> JobSettings:
    """The settings with the release's values in their texts."""
    values = values_of(release.service, release.commit, release.id)
    return settings.model_copy(
        update={
            "env": {name: filled(text, values) for name, text in settings.env.items()},
            "args": tuple(filled(text, values) for text in settings.args),
            "rollback_command": tuple(filled(text, values) for text in settings.rollback_command),
        }
    )


def settings_of_target(job: Service) -> JobSettings:
    """Of the step that changes a job which is released by itself, and executes it where it says so."""
    target = job.job
    assert target is not None, "only a job has it"
    timeout = _KEPT_TIMEOUT if target.timeout is None else target.timeout
    retries = _KEPT_RETRIES if target.retries is None else target.retries
    rounds = -(-(target.tasks or 1) // (target.parallelism or target.tasks or 1))
    settings = JobSettings(
        timeout=timeout, retries=retries, start_within=300.0 + (rounds - 1) * timeout * (1 + retries)
    )
    return settings.model_copy(update={"name": job.name})


def job_name(settings: JobSettings, service: Service) -> str:
    """The same for every release; shortened where the service's own name is long."""
    if service.job is not None:
        return service.cloud_run
    whole = f"{service.cloud_run}-{settings.name}"
    if len(whole) <= LONGEST_NAME:
        return whole
    mark = hashlib.sha256(whole.encode()).hexdigest()[:6]
    start = service.cloud_run[: LONGEST_NAME - len(settings.name) - 8].rstrip("-")
    return f"{start}-{mark}-{settings.name}"
