"""The paths of v2's fields in a refusal, as v1 has them: who asked by v1 knows no others. Pure.

v1's: https://cloud.google.com/run/docs/reference/rest/v1/RevisionTemplate, .../v1/namespaces.jobs#ExecutionTemplate.
"""

from __future__ import annotations

import re

_RUN, _SCALE = "metadata.annotations[run.googleapis.com/", "metadata.annotations[autoscaling.knative.dev/"
_OF_TEMPLATE = {
    "containers": "spec.containers",
    "volumes": "spec.volumes",
    "max_instance_request_concurrency": "spec.containerConcurrency",
    "timeout": "spec.timeoutSeconds",
    "max_retries": "spec.maxRetries",
    "task_count": "spec.taskCount",
    "parallelism": "spec.parallelism",
    "service_account": "spec.serviceAccountName",
    "revision": "metadata.name",
    "scaling": f"{_SCALE}minScale]",
    "vpc_access.connector": f"{_RUN}vpc-access-connector]",
    "vpc_access": f"{_RUN}network-interfaces]",
    "execution_environment": f"{_RUN}execution-environment]",
}
_NAMES = "|".join(map(re.escape, sorted(_OF_TEMPLATE, key=len, reverse=True)))
_TEMPLATE = re.compile(
    rf"(?<![\w.])(?:service\.|job\.)?template\.(template\.)?({_NAMES})\b((?:\[\d+\])?(?:\.\w+(?:\[\d+\])?)*)"
)
_TRAFFIC = re.compile(r"(?<![\w.])traffic(\[\d+\])?(\.revision\b)?(?=\.\w|:)")


_ANNOTATED = {"depends_on": f"{_RUN}container-dependencies]", "cloud_sql_instance": f"{_RUN}cloudsql-instances]"}
"""Fields of a container and of a volume that v1 writes as annotations of the template, whichever it is of."""
_BESIDE = re.compile(r"\b(task_count|period_seconds|failure_threshold)\b")
"""The fields that the sentence behind a path compares its own with."""


def in_v1_paths(message: str) -> str:
    """What stands in front of a path stays as it is, and the sentence behind it but for the names of fields."""
    return _BESIDE.sub(lambda found: _camel(found[0]), _TRAFFIC.sub(_traffic, _TEMPLATE.sub(_template, message)))


def _template(found: re.Match[str]) -> str:
    task, name, below = found.groups()
    place = "spec.template.spec.template" if task else "spec.template"
    for field, annotation in _ANNOTATED.items():
        if below.endswith(f"].{field}"):
            return f"spec.template.{annotation}"
    return f"{place}.{_OF_TEMPLATE[name]}{_camel(below)}"


def _camel(names: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), names)


def _traffic(found: re.Match[str]) -> str:
    number, revision = found.groups()
    return f"spec.traffic{number or ''}{'.revisionName' if revision else ''}"
