"""One try of one task: its containers from their start to their end, or to the end of the time that they have."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from google.cloud.run_v2.types import TaskTemplate

from ...engines.model import Engine, EngineError
from ...worker import start_worker
from ..reach.reach import Reach
from ..run.container import about, make_container_spec
from ..run.instances.instance import Instance
from ..run.instances.instance_spec import InstanceSpec, Say
from ..run.instances.timescale import Timescale
from ..run.instances.wording import FAILED_PROBE
from ..run.start_order import full_name, in_order
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

    images: tuple[str, ...]  # of its containers, as the engine knows them
    secrets: tuple[Mapping[str, str], ...]
    reach: Reach
    volumes: Open


def attempt(
    engine: Engine, spec: InstanceSpec, timeout: float, cancelled: threading.Event, say: Say, reason: str
) -> Ended:
    """Blocks. `timeout` in seconds is the caller's own as are the times of probes, so none is ever scaled
    (https://cloud.google.com/run/docs/configuring/task-timeout: each attempt has it anew)."""
    try:
        instance = Instance(engine, spec, say, reason)
    except (EngineError, OSError) as error:
        return Ended(str(error))
    not_up: list[str] = []

    def bring_up() -> None:
        failure = instance.bring_up(Timescale(1.0))
        if failure is not None and not failure.ended:
            not_up.append(failure.why or FAILED_PROBE)
            instance.stop(_GRACE)

    start_worker(bring_up, f"up-{instance.key[:8]}", lambda error: instance.stop(0))
    waited = 0.0
    while not instance.ended.wait(_LOOK):
        waited += _LOOK
        if cancelled.is_set():
            instance.stop(_GRACE)
            return Ended(conditions.WAS_CANCELLED, cancelled=True)
        if waited >= timeout:
            instance.stop(_GRACE)
            return Ended(conditions.TIMED_OUT)
    if not_up:
        return Ended(not_up[0])
    last = instance.ended_by
    return by_itself(last.code, last.over_memory) if last is not None else Ended(conditions.UNKNOWN)


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
    platform = {
        "CLOUD_RUN_JOB": name.job,
        "CLOUD_RUN_EXECUTION": name.execution,
        "CLOUD_RUN_TASK_INDEX": str(index),
        "CLOUD_RUN_TASK_ATTEMPT": str(number),
        "CLOUD_RUN_TASK_COUNT": str(count),
    }
    containers = template.containers
    return InstanceSpec(
        containers=tuple(
            make_container_spec(
                containers[each],
                full_name(containers, each, name.job),
                provided.images[each],
                platform,
                partial(provided.secrets.__getitem__, each),
            )
            for each in in_order(containers)
        ),
        reach=provided.reach,
        volumes=provided.volumes,
        metadata=about(name.project, name.location, template.service_account),
        finite=True,
    )
