"""What a job runs: the candidate's own template, with the step's command, variables and secrets put over it. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deploy_lib.drivers.services.template import RELEASE_LABEL, main_container, merged, release_label
from deploy_lib.model.memory import in_words, memory_bytes
from deploy_lib.model.release import Release

if TYPE_CHECKING:
    from google.cloud import run_v2

    from deploy_lib.steps.job.settings import JobSettings

STEP_LABEL = "deploy-to-gcp-step"
"""With RELEASE_LABEL the mark of an execution: by both it is found again."""
STARTED_BEFORE = "deploy-to-gcp-started-before"
"""Label of a job: how many executions it had had when it was last made ready for a release."""


_LEAST_MEMORY = 512 * 2**20
"""Bytes of a task, which runs in the second generation and on a whole processor; a service may have less
(https://cloud.google.com/run/docs/configuring/services/memory-limits)."""


def mark(release: Release, settings: JobSettings, *, undo: bool) -> dict[str, str]:
    """Labels that executions take from their job's template
    (https://cloud.google.com/run/docs/reference/rest/v2/ExecutionTemplate)."""
    return {RELEASE_LABEL: release_label(release), STEP_LABEL: f"{settings.name}{'.undo' if undo else ''}"}


def is_marked(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether they hold all of that mark."""
    return all(labels.get(name) == value for name, value in wanted.items())


def execution_template(
    start: run_v2.RevisionTemplate, release: Release, settings: JobSettings, *, undo: bool
) -> run_v2.ExecutionTemplate:
    """One task, once; `start` is the template that the candidate begins with. Sidecars, ports and probes stay out."""
    from google.cloud import run_v2

    service = release.service
    own = replace(
        release,
        service=replace(
            service,
            env={**{name: text for name, text in service.env.items() if name not in settings.secrets}, **settings.env},
            secrets={
                **{name: text for name, text in service.secrets.items() if name not in settings.env},
                **settings.secrets,
            },
        ),
    )
    template = merged(start, own)
    found = main_container(template)
    assert found is not None, "merged puts one there"
    container = run_v2.Container(
        image=found.image,
        command=list(settings.rollback_command if undo else settings.command),
        args=[] if undo else list(settings.args),
        env=[copy.deepcopy(each) for each in found.env],
        working_dir=found.working_dir,
        volume_mounts=[copy.deepcopy(each) for each in found.volume_mounts],
    )
    limits = {name: amount for name, amount in found.resources.limits.items() if name in ("cpu", "memory")}
    if limits:
        container.resources = run_v2.ResourceRequirements(limits=_enough(limits))
    task = run_v2.TaskTemplate(
        containers=[container],
        volumes=[copy.deepcopy(each) for each in template.volumes],
        max_retries=0 if undo else settings.retries,
        timeout=timedelta(seconds=int(settings.timeout)),
        service_account=settings.service_account or template.service_account,
    )
    if "vpc_access" in template:
        task.vpc_access = copy.deepcopy(template.vpc_access)
    if template.encryption_key:
        task.encryption_key = template.encryption_key
    return run_v2.ExecutionTemplate(
        labels=mark(release, settings, undo=undo), parallelism=1, task_count=1, template=task
    )


def _enough(limits: Mapping[str, str]) -> dict[str, str]:
    """What is named, and no less than a task needs; processors are written as 0.5 or 500m."""
    found = dict(limits)
    if (cpu := found.get("cpu", "1")) and float(cpu.removesuffix("m")) < (1000 if cpu.endswith("m") else 1):
        found["cpu"] = "1"
    if (memory_bytes(found.get("memory")) or _LEAST_MEMORY) < _LEAST_MEMORY:
        found["memory"] = in_words(_LEAST_MEMORY)
    return found


def is_same(found: run_v2.TaskTemplate, wanted: run_v2.TaskTemplate) -> bool:
    """Whether an execution runs what was asked for, whoever changed its job meanwhile."""
    return _what(found) == _what(wanted)


def _what(task: run_v2.TaskTemplate) -> tuple[object, ...]:
    return tuple((each.image, tuple(each.command), tuple(each.args)) for each in task.containers)
