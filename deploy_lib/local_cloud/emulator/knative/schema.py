"""Which fields v1's clients may send of a service or a job, and of what type; what is otherwise is refused as Google
does. Pure.

https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services#Service, .../namespaces.jobs#Job. The name of a
message's type, which Google adds to a refusal, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..wire.method import RpcRefusal
from .annotations import Json

Type = str | list[Any] | Mapping[str, Any]
"""A scalar's or a map's name, a list with the type of its items, or the fields of a message."""

_TEXT, _NUMBER, _FLAG, _ANY = "TYPE_STRING", "TYPE_INT32", "TYPE_BOOL", "any"
_MAP = "a map of strings"
_LONGEST = 100  # characters of a value that is repeated


def _all(kind: Type, names: str) -> dict[str, Type]:
    return dict.fromkeys(names.split(), kind)


_META = {
    **_all(_TEXT, "name generateName namespace selfLink uid resourceVersion creationTimestamp deletionTimestamp"),
    **_all(_MAP, "labels annotations"),
    **_all(_NUMBER, "generation deletionGracePeriodSeconds"),
    **_all(_ANY, "ownerReferences finalizers clusterName"),
}
_HTTP = {**_all(_TEXT, "host path scheme"), "port": _NUMBER, "httpHeaders": [_all(_TEXT, "name value")]}
_PROBE = {
    **_all(_NUMBER, "initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold"),
    "exec": _ANY,
    "httpGet": _HTTP,
    "tcpSocket": {"host": _TEXT, "port": _NUMBER},
    "grpc": {"port": _NUMBER, "service": _TEXT},
}
_KEY = {**_all(_TEXT, "name key"), "optional": _FLAG, "localObjectReference": _ANY}
_ENV = {**_all(_TEXT, "name value"), "valueFrom": {"secretKeyRef": _KEY, "configMapKeyRef": _KEY}}
_CONTAINER = {
    **_all(_TEXT, "name image workingDir terminationMessagePath terminationMessagePolicy imagePullPolicy"),
    **_all([_TEXT], "command args"),
    "env": [_ENV],
    "resources": _all(_MAP, "limits requests"),
    "ports": [{**_all(_TEXT, "name protocol"), "containerPort": _NUMBER}],
    "volumeMounts": [{**_all(_TEXT, "name mountPath subPath"), "readOnly": _FLAG}],
    **_all(_PROBE, "livenessProbe readinessProbe startupProbe"),
    **_all(_ANY, "envFrom securityContext"),
}
_SOURCE = {
    **_all(_TEXT, "secretName name"),
    "items": [{**_all(_TEXT, "key path"), "mode": _NUMBER}],
    "defaultMode": _NUMBER,
    "optional": _FLAG,
}
_VOLUME = {
    "name": _TEXT,
    **_all(_SOURCE, "secret configMap"),
    "emptyDir": _all(_TEXT, "medium sizeLimit"),
    "csi": {"driver": _TEXT, "readOnly": _FLAG, "volumeAttributes": _MAP},
    "nfs": {**_all(_TEXT, "server path"), "readOnly": _FLAG},
}
_REVISION = {
    **_all(_NUMBER, "containerConcurrency timeoutSeconds"),
    **_all(_TEXT, "serviceAccountName runtimeClassName"),
    "containers": [_CONTAINER],
    "volumes": [_VOLUME],
    "nodeSelector": _MAP,
    "enableServiceLinks": _FLAG,
    "imagePullSecrets": _ANY,
}
_TRAFFIC = {**_all(_TEXT, "configurationName revisionName tag url"), "percent": _NUMBER, "latestRevision": _FLAG}
SERVICE = {
    **_all(_TEXT, "apiVersion kind"),
    "metadata": _META,
    "spec": {"template": {"metadata": _META, "spec": _REVISION}, "traffic": [_TRAFFIC]},
    "status": _ANY,
}

_TASK = {
    **_all(_NUMBER, "maxRetries timeoutSeconds"),
    "serviceAccountName": _TEXT,
    "containers": [_CONTAINER],
    "volumes": [_VOLUME],
    "nodeSelector": _MAP,
}
_EXECUTION = {**_all(_NUMBER, "parallelism taskCount"), "template": {"spec": _TASK}}
JOB = {
    **_all(_TEXT, "apiVersion kind"),
    "metadata": _META,
    "spec": {
        **_all(_TEXT, "runExecutionToken startExecutionToken"),
        "template": {"metadata": _META, "spec": _EXECUTION},
    },
    "status": _ANY,
}
_OVERRIDDEN = {"name": _TEXT, "args": [_TEXT], "clearArgs": _FLAG, "env": [_ENV]}
RUN = {"overrides": {"containerOverrides": [_OVERRIDDEN], **_all(_NUMBER, "taskCount timeoutSeconds")}}
"""Of a request to run a job."""


def checked(body: Json, kind: Type = SERVICE, root: str = "service") -> Json:
    """The body without nulls, which mean that a field is not set.

    Raises RpcRefusal INVALID_ARGUMENT, with all it finds in one message.
    """
    problems = list(_problems(body, kind, root))
    if problems:
        raise RpcRefusal("INVALID_ARGUMENT", f"Invalid JSON payload received. {' '.join(problems)}")
    found: Json = _without_nulls(body)
    return found


def _problems(value: Any, kind: Type, at: str) -> Iterator[str]:
    if value is None or kind == _ANY:
        return
    if isinstance(kind, list):
        if not isinstance(value, list):
            yield _invalid(value, "a list", at)
            return
        for number, item in enumerate(value):
            yield from _problems(item, kind[0], f"{at}[{number}]")
    elif isinstance(kind, Mapping):
        if not isinstance(value, dict):
            yield _invalid(value, "a message", at)
            return
        for name, item in value.items():
            if name in kind:
                yield from _problems(item, kind[name], f"{at}.{name}")
            else:
                yield f"Unknown name \"{name}\" at '{at}': Cannot find field."
    elif not _fits(value, kind):
        yield _invalid(value, kind, at)


def _fits(value: Any, kind: str) -> bool:
    if kind == _TEXT:
        return isinstance(value, str)
    if kind == _FLAG:
        return isinstance(value, bool)
    if kind == _MAP:
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    if isinstance(value, str):
        return re.fullmatch(r"-?\d{1,10}", value, re.ASCII) is not None
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def _invalid(value: Any, kind: str, at: str) -> str:
    return f"Invalid value at '{at}' ({kind}), {ascii(value)[:_LONGEST]}."


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value if item is not None] if isinstance(value, list) else value
