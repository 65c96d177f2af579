"""Cloud Run v1, for the one thing that v2 does not do: refuse a write when somebody else has written meanwhile.

https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services/replaceService. A PUT with a stale
`metadata.resourceVersion` is answered 409 by the real API, where v2 takes a stale etag (docs/decisions/023).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.json_api import Json
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services import exposure
from deploy_lib.drivers.services.traffic import short

if TYPE_CHECKING:
    from google.cloud import run_v2

_READ, _WRITE = 10.0, 20.0  # seconds for one request


class KnativeApi:
    """Paths are v2's resource names. Raises ApiError."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def read(self, path: str) -> Json:
        """The service as v1 tells it."""
        host, where = self._address(path)
        doing, api = f"read the service {short(path)}", self._calls.clients.json_api
        return self._calls.make("get_service", lambda: api.ask("GET", host, where, timeout=_READ), doing).body

    def replace(self, path: str, document: Json, doing: str) -> None:
        """Put it in the place of the version that it was read as; ABORTED when that is no longer the present one."""
        host, where = self._address(path)
        body, api = json.dumps(document).encode(), self._calls.clients.json_api
        self._calls.make("replace_service", lambda: api.ask("PUT", host, where, body=body, timeout=_WRITE), doing)

    def _address(self, path: str) -> tuple[str, str]:
        """The regional host tells the region; a local cloud, which has one address, is told it by the other path."""
        _, project, _, region, _, name = path.split("/")
        host = f"{region}-run.googleapis.com"
        if self._calls.clients.endpoints.local:
            return host, f"/v1/{path}"
        return host, f"/apis/serving.knative.dev/v1/namespaces/{project}/services/{name}"


def changed(document: Json, before: run_v2.Service, after: run_v2.Service) -> Json:
    """`document`, with the traffic and those annotations and settings of `after` that differ from `before`. All else
    stays. Pure.

    The template is given the name of the revision made last: v1 tells none, and without one makes another revision.
    """
    metadata, spec = dict(document["metadata"]), dict(document["spec"])
    annotations = dict(metadata.get("annotations", {}))
    for name in before.annotations.keys() - after.annotations.keys():
        annotations.pop(name, None)
    for name, text in after.annotations.items():
        if before.annotations.get(name) != text:
            annotations[name] = text
    template = dict(spec.get("template", {}))
    named = template.get("metadata", {}).get("name") or before.template.revision
    name = named or short(before.latest_created_revision)  # the status may lag behind a template that has a name
    template["metadata"] = {**template.get("metadata", {}), "name": name}
    spec |= {"template": template, "traffic": [_target(each) for each in after.traffic]}
    metadata["annotations"] = annotations | exposure.v1_annotations(before, after)
    kept = {name: value for name, value in document.items() if name != "status"}
    return {**kept, "metadata": metadata, "spec": spec}


def tells_the_same(document: Json, service: run_v2.Service) -> bool:
    """Whether the two were read of one state: the traffic, every annotation that v2 tells, and all of ours. Pure."""
    metadata = document.get("metadata", {})
    annotations = metadata.get("annotations", {})
    same = all(annotations.get(name) == text for name, text in service.annotations.items())
    same = same and all(name in service.annotations for name in annotations if name.startswith("deploy-to-gcp/"))
    traffic = [_target(each) for each in service.traffic]
    return same and _plain(document.get("spec", {}).get("traffic", [])) == _plain(traffic)


def _plain(traffic: list[Json]) -> list[tuple[Any, ...]]:
    """None at all is all of it to the latest revision."""
    traffic = traffic or [{"latestRevision": True, "percent": 100}]
    keys = ("revisionName", "percent", "tag", "latestRevision")
    return [tuple(target.get(key) or None for key in keys) for target in traffic]


def _target(target: run_v2.TrafficTarget) -> Json:
    found: Json = {"revisionName": target.revision} if target.revision else {"latestRevision": True}
    if target.percent:
        found["percent"] = target.percent
    if target.tag:
        found["tag"] = target.tag
    return found
