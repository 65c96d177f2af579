"""Jobs, executions and tasks of v2 as v1 tells them, and jobs as v1's clients send them. Pure.

https://cloud.google.com/run/docs/reference/rest/v1/namespaces.jobs, .../namespaces.executions, .../namespaces.tasks.
"""

from __future__ import annotations

from typing import Any

from google.cloud.run_v2.types import Execution, Job, RunJobRequest, Task
from google.protobuf import json_format

from ..wire.method import RpcRefusal
from .annotations import SERVICE, TEMPLATE, Json, Mapped, from_annotations, own, to_annotations
from .containers import (
    containers_from_v1,
    containers_to_v1,
    order_to_annotation,
    sql_to_annotation,
    volumes_from_v1,
    volumes_to_v1,
)
from .outgoing import as_json, conditions_of, metadata_of, resource_version, seconds, short

API = "run.googleapis.com/v1"
_RUN = "run.googleapis.com/"
JOB, EXECUTION, STATE = f"{_RUN}job", f"{_RUN}execution", f"{_RUN}runningState"
_OF_JOB = tuple(each for each in SERVICE if each.path in ("client", "clientVersion", "launchStage"))
_OF_TASK = tuple(each for each in TEMPLATE if each.path.startswith(("executionEnv", "encryptionKey", "vpcAccess")))
_WRITTEN = (Mapped("creator", f"{_RUN}creator"), Mapped("lastModifier", f"{_RUN}lastModifier"))


def job_to_v1(job: Job) -> Json:
    told = as_json(Job.pb(job))
    template, latest = told.get("template", {}), told.get("latestCreatedExecution", {})
    execution = {
        "name": short(latest.get("name", "")),
        "creationTimestamp": latest.get("createTime"),
        "completionTimestamp": latest.get("completionTime"),
        "completionStatus": latest.get("completionStatus"),
    }
    status = {
        "observedGeneration": int(told.get("observedGeneration", 0)),
        "conditions": conditions_of(
            [each for each in (told.get("terminalCondition"), *told.get("conditions", [])) if each]
        ),
        "executionCount": told.get("executionCount"),
        "latestCreatedExecution": _filled(execution) if latest else None,
    }
    metadata = metadata_of(told, to_annotations(told, (*_OF_JOB, *_WRITTEN)), API)
    within = {"labels": template.get("labels", {}), "annotations": _annotations(template)}
    return {
        "apiVersion": API,
        "kind": "Job",
        "metadata": {**metadata, "resourceVersion": resource_version(job)},
        "spec": {"template": {"metadata": within, "spec": _execution_spec(template)}},
        "status": _filled(status),
    }


def execution_to_v1(execution: Execution) -> Json:
    told = as_json(Execution.pb(execution))
    metadata = metadata_of(told, {**to_annotations(told, _WRITTEN[:1]), **_annotations(told)}, API)
    metadata["labels"] |= {JOB: short(told.get("job", ""))}
    counted = ("runningCount", "succeededCount", "failedCount", "cancelledCount", "retriedCount")
    status = {
        "observedGeneration": int(told.get("observedGeneration", 0)),
        "conditions": conditions_of(told.get("conditions", [])),
        "logUri": told.get("logUri"),
        **{name: told.get(name) for name in ("startTime", "completionTime", *counted)},
    }
    return {
        "apiVersion": API,
        "kind": "Execution",
        "metadata": metadata,
        "spec": _execution_spec(told),
        "status": _filled(status),
    }


def task_to_v1(task: Task) -> Json:
    told = as_json(Task.pb(task))
    metadata = metadata_of(told, {}, API)
    metadata["labels"] |= {
        JOB: short(told.get("job", "")),
        EXECUTION: short(told.get("execution", "")),
        STATE: _running_state(told),
    }
    result = told.get("lastAttemptResult")
    status = {
        "observedGeneration": int(told.get("observedGeneration", 0)),
        "conditions": conditions_of(told.get("conditions", [])),
        "lastAttemptResult": {"exitCode": 0, **result} if result is not None else None,
        "index": told.get("index", 0),
        **{name: told.get(name) for name in ("startTime", "completionTime", "retried")},
    }
    return {
        "apiVersion": API,
        "kind": "Task",
        "metadata": metadata,
        "spec": _task_spec(told),
        "status": _filled(status),
    }


def job_from_v1(body: Json, current: Job | None) -> Job:
    """`current` is what it is to replace. Raises RpcRefusal INVALID_ARGUMENT."""

    def read() -> Json:
        metadata, spec = body.get("metadata", {}), body.get("spec", {})
        found: Json = {} if current is None else as_json(Job.pb(current))
        annotations = metadata.get("annotations", {})
        from_annotations(found, annotations, _OF_JOB)
        found["annotations"], found["labels"] = own(annotations), own(metadata.get("labels", {}))
        found["template"] = _template(spec.get("template", {}), found.get("template", {}))
        return found

    job: Job = _message(Job, read)
    return job


def overrides_from_v1(body: Json) -> RunJobRequest.Overrides:
    """Raises RpcRefusal INVALID_ARGUMENT."""

    def read() -> Json:
        given = dict(body.get("overrides", {}))
        if "timeoutSeconds" in given:
            given["timeout"] = f"{int(given.pop('timeoutSeconds'))}s"
        return given

    overrides: RunJobRequest.Overrides = _message(RunJobRequest.Overrides, read)
    return overrides


def _template(template: Json, found: Json) -> Json:
    metadata, spec = template.get("metadata", {}), template.get("spec", {})
    annotations, task = metadata.get("annotations", {}), spec.get("template", {}).get("spec", {})
    inner = found.get("template", {})
    from_annotations(inner, annotations, _OF_TASK)
    containers = containers_from_v1(task, annotations)
    for container in containers:
        container["resources"] = {"limits": container["resources"]["limits"]}  # a task's CPU is its own all the time
    inner |= {
        "containers": containers,
        "volumes": volumes_from_v1(task, annotations),
        "serviceAccount": task.get("serviceAccountName", ""),
    }
    inner.pop("timeout", None)
    inner.pop("maxRetries", None)
    if "maxRetries" in task:
        inner["maxRetries"] = task["maxRetries"]
    if "timeoutSeconds" in task:
        inner["timeout"] = f"{int(task['timeoutSeconds'])}s"
    return {
        "labels": own(metadata.get("labels", {})),
        "annotations": own(annotations),
        "parallelism": spec.get("parallelism", 0),
        "taskCount": spec.get("taskCount", 0),
        "template": inner,
    }


def _execution_spec(template: Json) -> Json:
    found = {name: template.get(name) for name in ("parallelism", "taskCount")}
    return {**_filled(found), "template": {"spec": _task_spec(template.get("template", {}))}}


def _task_spec(template: Json) -> Json:
    """Of a template of tasks, and of a task, which has the same fields."""
    found = {
        "containers": containers_to_v1(template),
        "volumes": volumes_to_v1(template),
        "maxRetries": template.get("maxRetries"),
        "timeoutSeconds": seconds(template.get("timeout")),
        "serviceAccountName": template.get("serviceAccount"),
    }
    return _filled(found)


def _annotations(execution: Json) -> dict[str, str]:
    task = execution.get("template", {})
    told = {**to_annotations(task, _OF_TASK), **sql_to_annotation(task), **order_to_annotation(task)}
    return {**own(execution.get("annotations", {})), **told}


def _running_state(task: Json) -> str:
    """What gcloud lists tasks by."""
    if "startTime" not in task:
        return "Pending"
    completed: Json = next((each for each in task.get("conditions", []) if each.get("type") == "Completed"), {})
    if completed.get("executionReason") == "CANCELLED":
        return "Cancelled"
    return {"CONDITION_SUCCEEDED": "Succeeded", "CONDITION_FAILED": "Failed"}.get(completed.get("state", ""), "Running")


def _message(kind: Any, read: Any) -> Any:
    message = kind.pb(kind())
    try:
        json_format.ParseDict(read(), message)
    except (AttributeError, TypeError, KeyError) as error:
        raise RpcRefusal("INVALID_ARGUMENT", f"The request has a field of a wrong type: {error}") from None
    except (ValueError, OverflowError, json_format.ParseError) as error:
        raise RpcRefusal("INVALID_ARGUMENT", str(error).partition("\n")[0]) from None
    return kind.wrap(message)


def _filled(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
