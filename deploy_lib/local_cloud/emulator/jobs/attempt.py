"""One try of one task: a container from its start to its end, or to the end of the time that it has."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from google.cloud.run_v2.types import TaskTemplate

from ...engines.model import Engine, EngineError
from ..builds.environment import project_number
from ..reach.reach import Reach
from ..run.instances.instance import Instance
from ..run.instances.instance_spec import InstanceSpec, Say, StartupProbe
from ..run.quantity import parse_memory
from ..run.volumes import Open
from . import conditions
from .names import JobName

_GRACE = 10.0  # seconds after SIGTERM (https://cloud.google.com/run/docs/container-contract#jobs)
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Ended:
    """`why` is "" for success; `code` is how the process ended as docker tells it, None when it was ended or when that
    is not known."""

    why: str = ""
    code: int | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Provided:
    """What every try of an execution gets."""

    image: str  # as the engine knows it
    secrets: Mapping[str, str]
    reach: Reach
    volumes: Open


def attempt(
    engine: Engine, spec: InstanceSpec, timeout: float, cancelled: threading.Event, say: Say, reason: str
) -> Ended:
    """Blocks. `timeout` in seconds is the caller's own, so it is never scaled
    (https://cloud.google.com/run/docs/configuring/task-timeout: each attempt has it anew)."""
    try:
        instance = Instance(engine, spec, say, reason)
    except (EngineError, OSError) as error:
        return Ended(str(error))
    waited = 0.0
    while not instance.ended.wait(_LOOK):
        waited += _LOOK
        if cancelled.is_set():
            instance.stop(_GRACE)
            return Ended(conditions.WAS_CANCELLED, cancelled=True)
        if waited >= timeout:
            instance.stop(_GRACE)
            return Ended(conditions.TIMED_OUT)
    return by_itself(instance.code, instance.over_memory)


def by_itself(code: int | None, over_memory: bool) -> Ended:
    """What the end of a container that nobody ended comes to. Without its exit code nothing says that it did well."""
    if over_memory:
        return Ended(conditions.OUT_OF_MEMORY, code)
    if code is None:
        return Ended(conditions.UNKNOWN)
    return Ended(conditions.EXITED if code else "", code)


def spec_of(
    template: TaskTemplate, name: JobName, index: int, number: int, count: int, provided: Provided
) -> InstanceSpec:
    """Of try `number` of a task. Variables: https://cloud.google.com/run/docs/container-contract#jobs-env-vars."""
    container = template.containers[0]
    given = {variable.name: variable.value for variable in container.env if "value_source" not in variable}
    platform = {
        "CLOUD_RUN_JOB": name.job,
        "CLOUD_RUN_EXECUTION": name.execution,
        "CLOUD_RUN_TASK_INDEX": str(index),
        "CLOUD_RUN_TASK_ATTEMPT": str(number),
        "CLOUD_RUN_TASK_COUNT": str(count),
    }
    return InstanceSpec(
        image=provided.image,
        container=container.name or f"{name.job}-1",
        port=0,
        entrypoint=tuple(container.command) or None,
        command=tuple(container.args) or None,
        env={**given, **platform},
        secrets=lambda: provided.secrets,
        workdir=container.working_dir or None,
        memory=parse_memory(container.resources.limits["memory"]),
        probe=StartupProbe(),
        reach=provided.reach,
        volumes=provided.volumes,
        volume_mounts=tuple(container.volume_mounts),
        metadata={
            "project": name.project,
            "number": project_number(name.project),
            "region": name.location,
            "account": template.service_account,
        },
    )
