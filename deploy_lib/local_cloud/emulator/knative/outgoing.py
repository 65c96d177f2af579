"""Services and revisions of v2 as v1 tells them. Pure.

https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services, .../namespaces.revisions. Names of conditions
are the same in both; v2's states and reasons are v1's words in capital letters.
"""

from __future__ import annotations

from typing import Any

from google.cloud.run_v2.types import Job, Revision, Service
from google.protobuf import json_format

from ..builds.environment import project_number
from .annotations import CREATED_BY, SERVICE, TEMPLATE, WRITTEN_BY_US, Json, own, to_annotations
from .calls import LOCATION
from .containers import (
    containers_to_v1,
    cpu_to_annotations,
    order_to_annotation,
    sql_to_annotation,
    volumes_to_v1,
)

API = "serving.knative.dev/v1"
OF_SERVICE = "serving.knative.dev/service"
_STATUS = {"CONDITION_SUCCEEDED": "True", "CONDITION_FAILED": "False"}
_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


def service_to_v1(service: Service) -> Json:
    told = as_json(Service.pb(service))
    template = told.get("template", {})
    annotations = to_annotations(told, (*SERVICE, *WRITTEN_BY_US))
    generation = int(told.get("generation", 0))
    settled = not told.get("reconciling", False)
    status = {
        # A failure is told of the wanted generation too [report: a captured failed service].
        "observedGeneration": generation if settled else int(told.get("observedGeneration", 0)),
        "conditions": conditions_of([told.get("terminalCondition", {}), *told.get("conditions", [])]),
        "latestCreatedRevisionName": short(told.get("latestCreatedRevision", "")),
        "latestReadyRevisionName": short(told.get("latestReadyRevision", "")),
        "traffic": [_target(each, told) for each in told.get("trafficStatuses", [])],
        "url": told.get("uri", ""),
        "address": {"url": told["uri"]} if told.get("uri") else None,
    }
    return {
        "apiVersion": API,
        "kind": "Service",
        "metadata": {**metadata_of(told, annotations, API), "resourceVersion": resource_version(service)},
        "spec": {"template": _template(template), "traffic": [_target(each, {}) for each in told.get("traffic", [])]},
        "status": {name: value for name, value in status.items() if value not in ("", None, [])},
    }


def revision_to_v1(revision: Revision, digest: str = "") -> Json:
    """`digest` is what the image of its first container meant when it was made, "" when that is not known."""
    told = as_json(Revision.pb(revision))
    metadata = metadata_of(told, {**_template_annotations(told), **to_annotations(told, CREATED_BY)}, API)
    service = short(told.get("service", ""))
    metadata["labels"] |= {OF_SERVICE: service, "serving.knative.dev/configuration": service}
    status = {
        "observedGeneration": int(told.get("observedGeneration", 0)),
        "conditions": conditions_of(told.get("conditions", [])),
        "imageDigest": next((pinned(each.get("image", ""), digest) for each in told.get("containers", [])), ""),
        "logUrl": told.get("logUri", ""),
    }
    return {
        "apiVersion": API,
        "kind": "Revision",
        "metadata": metadata,
        "spec": _spec(told),
        "status": {name: value for name, value in status.items() if value not in ("", None, [])},
    }


def resource_version(of: Service | Job) -> str:
    """The moment of the last change, of wanted state or of status, in microseconds [report]."""
    conditions = [of.terminal_condition, *of.conditions]
    moments = [of.update_time, *(each.last_transition_time for each in conditions)]
    return str(max((int(at.timestamp() * 1_000_000) for at in moments if at), default=0))


def metadata_of(told: Json, annotations: dict[str, str], api: str) -> Json:
    """Its namespace is the project's number [report: every capture of v1 that was found]."""
    _, project, _, location, *_, kind, name = told["name"].split("/")
    number = project_number(project)
    found = {
        "name": name,
        "namespace": number,
        "selfLink": f"/apis/{api}/namespaces/{number}/{kind}/{name}",
        "uid": told.get("uid", ""),
        "generation": int(told.get("generation", 0)),
        "creationTimestamp": told.get("createTime", ""),
        "deletionTimestamp": told.get("deleteTime", ""),
        "labels": {**told.get("labels", {}), LOCATION: location},
        "annotations": {**told.get("annotations", {}), **annotations},
    }
    return {name: value for name, value in found.items() if value != ""}


def _template(template: Json) -> Json:
    metadata = {
        "name": template.get("revision"),
        "labels": template.get("labels", {}),
        "annotations": {**own(template.get("annotations", {})), **_template_annotations(template)},
    }
    return {"metadata": {name: value for name, value in metadata.items() if value}, "spec": _spec(template)}


def _template_annotations(template: Json) -> dict[str, str]:
    return {
        **to_annotations(template, TEMPLATE),
        **cpu_to_annotations(template),
        **sql_to_annotation(template),
        **order_to_annotation(template),
    }


def _spec(template: Json) -> Json:
    """Of a template, and of a revision, which has the same fields."""
    found = {
        "containerConcurrency": template.get("maxInstanceRequestConcurrency"),
        "timeoutSeconds": seconds(template.get("timeout")),
        "serviceAccountName": template.get("serviceAccount"),
        "containers": containers_to_v1(template),
        "volumes": volumes_to_v1(template),
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def _target(target: Json, service: Json) -> Json:
    """Of the wanted traffic, or with `service` of its status, where v1 names the latest revision too."""
    latest = target.get("type") == _LATEST
    revision = target.get("revision") or (short(service.get("latestReadyRevision", "")) if latest else "")
    found = {
        "revisionName": revision,
        "latestRevision": latest or None,
        "percent": target.get("percent"),
        "tag": target.get("tag"),
        "url": target.get("uri"),
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def conditions_of(conditions: list[Json]) -> list[Json]:
    found: dict[str, Json] = {}
    for each in filter(None, conditions):
        reason = each.get("reason") or each.get("revisionReason") or each.get("executionReason") or ""
        told = {
            "type": each.get("type", "Ready"),
            "status": _STATUS.get(each.get("state", ""), "Unknown"),
            "reason": "".join(word.capitalize() for word in reason.split("_")),
            "message": each.get("message", ""),
            "lastTransitionTime": each.get("lastTransitionTime", ""),
            "severity": "Info" if each.get("severity") == "INFO" else "",
        }
        found.setdefault(told["type"], {name: value for name, value in told.items() if value})
    return list(found.values())


def as_json(message: Any) -> Json:
    found: Json = json_format.MessageToDict(message)
    return found


def pinned(image: str, digest: str) -> str:
    """The image by its digest, as v1's imageDigest has it [doc]."""
    name = image.partition("@")[0]
    repository, colon, tag = name.rpartition(":")
    name = repository if colon and "/" not in tag else name
    return f"{name}@{digest}" if digest else image


def seconds(duration: str | None) -> int | None:
    return None if duration is None else round(float(duration.removesuffix("s")))


def short(name: str) -> str:
    return name.rpartition("/")[2]
