"""What a job that is released by itself becomes: its own template, with what the YAML names put over it. Pure."""

from __future__ import annotations

import base64
import copy
from datetime import timedelta
from typing import TYPE_CHECKING

from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.job_template import STARTED_BEFORE
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.template import RELEASE_LABEL, merged, release_label
from deploy_lib.model.release import Release
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

if TYPE_CHECKING:
    from google.cloud import run_v2

PREVIOUS = "deploy-to-gcp/previous"
"""Annotation of a job under a release: the template that it had before, as its message's bytes in base64."""


def mark(release: Release) -> dict[str, str]:
    """Labels of the release, which executions take from their job's template."""
    return {RELEASE_LABEL: release_label(release)}


def update_of(job: run_v2.Job) -> str:
    """A name for what the job was last made."""
    return job.template.labels.get(RELEASE_LABEL) or f"{job.name.rpartition('/')[2]}-{job.generation}"


def as_map(job: run_v2.Job | None) -> TrafficMap:
    """What takes the place of a service's traffic: one name, with all of it."""
    return TrafficMap((TrafficTarget(update_of(job), 100),)) if job is not None else TrafficMap()


def template_of(job: run_v2.Job | None, release: Release) -> run_v2.ExecutionTemplate:
    """What is not named keeps its value, whoever set it; Cloud Run's own defaults hold for a new one."""
    from google.cloud import run_v2

    target = release.service.job
    assert target is not None, "only a job has it"
    found = copy.deepcopy(job.template) if job is not None else run_v2.ExecutionTemplate()
    task = found.template
    start = run_v2.RevisionTemplate(
        labels=found.labels, containers=task.containers, volumes=task.volumes, service_account=task.service_account
    )
    if "vpc_access" in task:
        start.vpc_access = task.vpc_access
    wanted = merged(start, release)
    found.labels = dict(wanted.labels)
    task.containers = [_of_task(each) for each in wanted.containers]
    task.volumes, task.service_account = wanted.volumes, wanted.service_account
    if "vpc_access" in wanted:
        task.vpc_access = wanted.vpc_access
    elif "vpc_access" in task:
        del task.vpc_access
    if target.timeout is not None:
        task.timeout = timedelta(seconds=int(target.timeout))
    if target.retries is not None:
        task.max_retries = target.retries
    if target.tasks is not None:
        found.task_count = target.tasks
    if target.parallelism is not None:
        found.parallelism = target.parallelism
    return found


def _of_task(container: run_v2.Container) -> run_v2.Container:
    """Without what only a service's container has."""
    from google.cloud import run_v2

    found = copy.deepcopy(container)
    found.ports = []
    if "resources" in found:
        found.resources = run_v2.ResourceRequirements(limits=dict(found.resources.limits))
    return found


def updated(job: run_v2.Job | None, path: str, release: Release) -> run_v2.Job:
    """The message that makes it so; the release's record and the template it takes the place of go with it."""
    from google.cloud import run_v2

    found = writable(job) if job is not None else run_v2.Job(name=path)
    record = ReleaseRecord.begun(release, as_map(job), image=release.image, candidate=release_label(release))
    annotations = service_annotations.with_record(dict(found.annotations), record)
    annotations.pop(PREVIOUS, None)
    if job is not None:
        annotations[PREVIOUS] = base64.b64encode(run_v2.ExecutionTemplate.serialize(job.template)).decode()
    found.annotations = annotations
    found.labels[STARTED_BEFORE] = str(job.execution_count if job is not None else 0)
    found.template = template_of(job, release)
    return found


def put_back(job: run_v2.Job) -> run_v2.Job | None:
    """The message that makes it as it was before the release; None where there was none before."""
    from google.cloud import run_v2

    kept = job.annotations.get(PREVIOUS)
    if not kept:
        return None
    found = writable(job)
    del found.annotations[PREVIOUS]
    found.template = run_v2.ExecutionTemplate.deserialize(base64.b64decode(kept))
    return found


def writable(job: run_v2.Job) -> run_v2.Job:
    """A copy without names in Google's own namespaces, which v2 shows and does not take back."""
    found = copy.deepcopy(job)
    for names in (found.labels, found.annotations, found.template.labels, found.template.annotations):
        for name in [key for key in names if ".googleapis.com/" in key or "knative.dev/" in key]:
            del names[name]
    return found
