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
_TEMPLATE = re.compile(rf"(?<![\w.])(?:service\.|job\.)?template\.(template\.)?({_NAMES})\b(\[\d+\]\.depends_on\b)?")
_TRAFFIC = re.compile(r"(?<![\w.])traffic(\[\d+\])?(\.revision\b)?(?=\.\w|:)")


def in_v1_paths(message: str) -> str:
    """What stands in front of a path, and the sentence behind it, stay as they are."""
    return _TRAFFIC.sub(_traffic, _TEMPLATE.sub(_template, message))


def _template(found: re.Match[str]) -> str:
    task, name, waits = found.groups()
    place = "spec.template.spec.template" if task else "spec.template"
    if waits:
        return f"{place}.{_RUN}container-dependencies]"
    return f"{place}.{_OF_TEMPLATE[name]}"


def _traffic(found: re.Match[str]) -> str:
    number, revision = found.groups()
    return f"spec.traffic{number or ''}{'.revisionName' if revision else ''}"
