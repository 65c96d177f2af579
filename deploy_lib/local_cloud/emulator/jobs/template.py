"""Cloud Run's defaults in a job's template, the checks of it, and what one execution changes. Pure.

https://cloud.google.com/run/docs/create-jobs, .../configuring/max-retries, .../configuring/task-timeout.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from google.cloud.run_v2.types import (
    Container,
    ExecutionEnvironment,
    ExecutionTemplate,
    ResourceRequirements,
    RevisionTemplate,
    RunJobRequest,
    TaskTemplate,
)

from ..run.container_checks import check_limits, check_probe
from ..run.refusal import invalid, not_here
from ..run.start_order import check_order
from ..run.template import PORT, default_account, fill_probe
from ..run.volumes import check_volumes

_RETRIES, _TIMEOUT = 3, datetime.timedelta(seconds=600)
_CPU, _MEMORY, _MEMORY_OF_SEVERAL = "1000m", "512Mi", "256Mi"  # recorded; the last for three containers
_SQL = "/cloudsql"
_AT_ONCE = 1  # what a task has in place of a service's concurrency
_WHERE = "template.template.containers"
_MOST_TASKS, _LONGEST = 10_000, datetime.timedelta(days=7)


def fill_in(template: ExecutionTemplate, project: str) -> None:
    """In place."""
    task = template.template
    template.task_count = template.task_count or 1
    task.service_account = task.service_account or default_account(project)
    task.timeout = task.timeout or _TIMEOUT
    if "max_retries" not in task:
        task.max_retries = _RETRIES
    if not task.execution_environment:
        task.execution_environment = ExecutionEnvironment(ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2)
    memory = _MEMORY if len(task.containers) == 1 else _MEMORY_OF_SEVERAL
    databases = {volume.name for volume in task.volumes if "cloud_sql_instance" in volume}
    for container in task.containers:
        if "resources" not in container:
            container.resources = ResourceRequirements()
        for name, value in (("cpu", _CPU), ("memory", memory)):
            container.resources.limits[name] = container.resources.limits.get(name) or value
        for mount in container.volume_mounts:
            if mount.name in databases:  # wherever it was asked for [recorded]
                mount.mount_path = _SQL
        fill_probe(container, PORT)


def check(template: ExecutionTemplate) -> None:
    """Raises RunRefusal with every problem in one message."""
    task = template.template
    problems: list[str] = []
    if any("grpc" in container.startup_probe for container in task.containers):
        raise not_here("gRPC start-up probes")
    problems += check_volumes("template.template", task.volumes, task.containers)
    problems += check_order(task.containers, _WHERE)
    if not task.containers:
        problems.append(f"{_WHERE}: a task needs one container")
    for number, container in enumerate(task.containers):
        problems += _container(container, f"{_WHERE}[{number}]", alone=len(task.containers) == 1)
    if not 1 <= template.task_count <= _MOST_TASKS:
        problems.append(f"template.task_count: must be from 1 to {_MOST_TASKS}")
    if not 0 <= template.parallelism <= template.task_count:
        problems.append("template.parallelism: must be from 0 to task_count")
    if not 0 <= task.max_retries <= 10:
        problems.append("template.template.max_retries: must be from 0 to 10")
    if not datetime.timedelta() < task.timeout <= _LONGEST:
        problems.append("template.template.timeout: must be above 0 and at most 7 days")
    if problems:
        raise invalid("; ".join(problems))


def _container(container: Container, where: str, *, alone: bool) -> Iterator[str]:
    """Every violation. Tasks run in the second generation; several containers share what that needs [recorded]."""
    if not container.image:
        yield f"{where}.image: the image is missing"
    yield from check_limits(container, f"{where}.resources.limits", _AT_ONCE, second=alone)
    if "startup_probe" in container:
        yield from check_probe(container.startup_probe, f"{where}.startup_probe")


def overridden(template: ExecutionTemplate, overrides: RunJobRequest.Overrides) -> ExecutionTemplate:
    """A copy for one execution (https://cloud.google.com/run/docs/execute/jobs#override-job-configuration)."""
    found: ExecutionTemplate = ExecutionTemplate.deserialize(ExecutionTemplate.serialize(template))
    found.task_count = overrides.task_count or found.task_count
    found.parallelism = min(found.parallelism, found.task_count)
    found.template.timeout = overrides.timeout or found.template.timeout
    first, *_ = containers = found.template.containers
    for each in overrides.container_overrides:
        container = next((one for one in containers if one.name == each.name), None) if each.name else first
        if container is None:
            raise invalid(f"overrides.container_overrides: there is no container {each.name!r}")
        if each.args or each.clear_args:
            container.args = list(each.args)
        named = {variable.name for variable in each.env}
        container.env = [variable for variable in container.env if variable.name not in named] + list(each.env)
    return found


def as_revision(task: TaskTemplate) -> RevisionTemplate:
    """With what the checks of images and secrets look at."""
    return RevisionTemplate(
        containers=list(task.containers),
        volumes=list(task.volumes),
        service_account=task.service_account,
        vpc_access=task.vpc_access,
    )
