"""Containers and volumes of v1 and v2: the same things, some of them spelt otherwise. Pure.

https://cloud.google.com/run/docs/reference/rest/v1/RevisionSpec beside
https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#RevisionTemplate.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from .annotations import CLOUD_SQL, CPU_BOOST, CPU_THROTTLING, DEPENDENCIES, Json

_SAME = ("name", "image", "command", "args", "ports", "workingDir", "startupProbe", "livenessProbe", "volumeMounts")
_SQL_VOLUME = "cloudsql"
_BUCKETS = "gcsfuse.run.googleapis.com"
"""The driver of v1's volumes that are buckets:
https://cloud.google.com/run/docs/configuring/services/cloud-storage-volume-mounts"""
_UNHEEDED = ("protocol", "readOnly", "successThreshold", "host", "scheme", "optional")
"""Fields that v1 takes, Cloud Run does not heed [doc] and v2 does not have: of ports, mounts, probes and secrets."""


@dataclass(frozen=True, slots=True)
class _Spelling:
    """What a version of the API calls the places in which a secret is named."""

    source: str  # of a variable's value
    secret: str  # there
    volume: str  # the secret of a volume
    version: str  # in both
    medium: Callable[[str], str]  # of an empty directory: Memory, MEMORY


_V1 = _Spelling("valueFrom", "name", "secretName", "key", str.capitalize)
_V2 = _Spelling("valueSource", "secret", "secret", "version", str.upper)


def containers_to_v1(template: Json) -> list[Json]:
    """Of a v2 template or revision."""
    found = []
    for container in template.get("containers", []):
        told = {name: container[name] for name in _SAME if name in container}
        told["env"] = [_env(each, _V2, _V1) for each in container.get("env", [])]
        told["resources"] = {"limits": container.get("resources", {}).get("limits", {})}
        told["volumeMounts"] = [each for each in told.get("volumeMounts", []) if each.get("name") != _SQL_VOLUME]
        found.append({name: value for name, value in told.items() if value != []})
    return found


def cpu_to_annotations(template: Json) -> dict[str, str]:
    """What v1 says once for all containers."""
    resources: Json = next((each.get("resources", {}) for each in template.get("containers", [])), {})
    boost = {CPU_BOOST: "true"} if resources.get("startupCpuBoost") else {}
    return boost if resources.get("cpuIdle") else {**boost, CPU_THROTTLING: "false"}


def sql_to_annotation(template: Json) -> dict[str, str]:
    instances = [
        instance
        for volume in template.get("volumes", [])
        for instance in volume.get("cloudSqlInstance", {}).get("instances", [])
    ]
    return {CLOUD_SQL: ",".join(instances)} if instances else {}


def order_to_annotation(template: Json) -> dict[str, str]:
    """Which containers each waits for."""
    waits = {each["name"]: each["dependsOn"] for each in template.get("containers", []) if each.get("dependsOn")}
    return {DEPENDENCIES: json.dumps(waits)} if waits else {}


def volumes_to_v1(template: Json) -> list[Json]:
    return [_volume(each, _V2, _V1) for each in template.get("volumes", []) if "cloudSqlInstance" not in each]


def containers_from_v1(spec: Json, annotations: dict[str, str]) -> list[Json]:
    """With the CPU's annotations; CPU is throttled unless one says otherwise
    (https://cloud.google.com/run/docs/configuring/billing-settings)."""
    found, waits = [], _waits(spec, annotations)
    for container in spec.get("containers", []):
        told = {name: container[name] for name in _SAME if name in container}
        told |= {name: [_heeded(each) for each in told[name]] for name in ("ports", "volumeMounts") if name in told}
        told |= {name: _probe(told[name]) for name in ("startupProbe", "livenessProbe") if name in told}
        told["env"] = [_env(each, _V1, _V2) for each in container.get("env", [])]
        resources = {"limits": container.get("resources", {}).get("limits", {})}
        resources["cpuIdle"] = annotations.get(CPU_THROTTLING, "true").lower() != "false"
        if annotations.get(CPU_BOOST, "").lower() == "true":
            resources["startupCpuBoost"] = True
        found.append({**told, "resources": resources, "dependsOn": waits.get(container.get("name"), [])})
    if annotations.get(CLOUD_SQL):
        for each in found:
            each["volumeMounts"] = [*each.get("volumeMounts", []), {"name": _SQL_VOLUME, "mountPath": "/cloudsql"}]
    return found


def _waits(spec: Json, annotations: dict[str, str]) -> Json:
    """Raises ValueError for an annotation that is not a map of lists of names of containers."""
    text = annotations.get(DEPENDENCIES)
    if text is None:
        return {}
    found: Json = json.loads(text)
    lists = found.values() if isinstance(found, dict) else [None]
    if not all(isinstance(each, list) and all(isinstance(name, str) for name in each) for each in lists):
        raise ValueError(f"metadata.annotations[{DEPENDENCIES}]: invalid value {text!r}")
    if unknown := sorted(set(found) - {each.get("name") for each in spec.get("containers", [])}):
        raise ValueError(f"metadata.annotations[{DEPENDENCIES}]: there is no container named {unknown[0]!r}")
    return found


def volumes_from_v1(spec: Json, annotations: dict[str, str]) -> list[Json]:
    found = [_volume(each, _V1, _V2) for each in spec.get("volumes", [])]
    if instances := annotations.get(CLOUD_SQL):
        found.append({"name": _SQL_VOLUME, "cloudSqlInstance": {"instances": instances.split(",")}})
    return found


def _env(env: Json, given: _Spelling, wanted: _Spelling) -> Json:
    secret = env.get(given.source, {}).get("secretKeyRef")
    if secret is None:
        return {"name": env.get("name", ""), "value": env.get("value", "")}
    key = {wanted.secret: secret.get(given.secret, ""), wanted.version: secret.get(given.version, "latest")}
    return {"name": env.get("name", ""), wanted.source: {"secretKeyRef": key}}


def _probe(probe: Json) -> Json:
    return {name: _heeded(value) if isinstance(value, dict) else value for name, value in _heeded(probe).items()}


def _heeded(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if name not in _UNHEEDED}


def _volume(volume: Json, given: _Spelling, wanted: _Spelling) -> Json:
    if "emptyDir" in volume:
        source = dict(volume["emptyDir"])
        medium = source.pop("medium", "")
        return {**volume, "emptyDir": {**source, **({"medium": wanted.medium(medium)} if medium else {})}}
    if volume.get("csi", {}).get("driver") == _BUCKETS:
        csi = volume["csi"]
        bucket = {"bucket": csi.get("volumeAttributes", {}).get("bucketName", "")}
        return {"name": volume["name"], "gcs": {**bucket, "readOnly": csi.get("readOnly", False)}}
    if "gcs" in volume:
        given_bucket, read_only = volume["gcs"].get("bucket", ""), volume["gcs"].get("readOnly", False)
        csi = {"driver": _BUCKETS, "volumeAttributes": {"bucketName": given_bucket}, "readOnly": read_only}
        return {"name": volume["name"], "csi": csi}
    if "secret" not in volume:
        return volume
    secret = _heeded(volume["secret"])
    items = [_renamed(item, given.version, wanted.version) for item in secret.get("items", [])]
    return {"name": volume["name"], "secret": {**_renamed(secret, given.volume, wanted.volume), "items": items}}


def _renamed(fields: Json, old: str, new: str) -> Json:
    return {new if name == old else name: value for name, value in fields.items()}
