"""The v1 API's paths, each answered by v2's RPCs, so that faults and the record of calls are those of v2.

gcloud asks a regional host (us-central1-run.googleapis.com), which names the location; a caller at the plain address
names none, and is answered from every location that the project uses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from google.cloud import run_v2
from google.longrunning.operations_pb2 import Operation

from ..rest.payload import json_object
from ..rest.routes import RestApi
from ..wire.etags import etag_counts
from ..wire.method import Method, RpcRefusal
from .annotations import Json
from .incoming import service_from_v1
from .outgoing import API, LOCATION, resource_version, revision_to_v1, service_to_v1
from .selector import selecting

_REGIONAL = re.compile(r"([a-z0-9-]+)-run\.googleapis\.com(?::\d+)?")
_NAME = "{name:[^/:]+}"  # what follows a colon is an action
_PAGE = 1000

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class _Call:
    """A request of v1: where it asks, for what, and what it brings."""

    project: str
    region: str | None
    name: str
    query: Mapping[str, str]
    body: bytes

    @property
    def dry(self) -> bool:
        return self.query.get("dryRun") == "all"


class KnativeApi:
    def __init__(self, methods: Iterable[Method], locations: Callable[[str], list[str]]) -> None:
        """`locations` are those that a project uses."""
        self._methods = {method.path: method.answer for method in methods}
        self._locations = locations

    def routes(self, rest: RestApi) -> list[web.RouteDef]:
        table: list[tuple[str, str, Callable[[_Call], Json]]] = [
            ("GET", "services", self._list_services),
            ("POST", "services", self._create),
            ("GET", f"services/{_NAME}", self._get_service),
            ("PUT", f"services/{_NAME}", self._replace),
            ("DELETE", f"services/{_NAME}", self._delete_service),
            ("GET", "revisions", self._list_revisions),
            ("GET", f"revisions/{_NAME}", self._get_revision),
            ("DELETE", f"revisions/{_NAME}", self._delete_revision),
        ]
        places = (f"/apis/{API}/namespaces/{{project}}", "/v1/projects/{project}/locations/{location}")
        return [
            web.route(verb, f"{place}/{path}", _serve(rest, answer), allow_head=False) if verb == "GET"
            else web.route(verb, f"{place}/{path}", _serve(rest, answer))
            for verb, path, answer in table
            for place in places
        ]  # fmt: skip

    # Services

    def _list_services(self, call: _Call) -> Json:
        meant = selecting(call.query.get("labelSelector", ""))
        found = [service_to_v1(each) for region in self._regions(call) for each in self._services(call.project, region)]
        return _listing("ServiceList", [each for each in found if meant(each["metadata"]["labels"])])

    def _get_service(self, call: _Call) -> Json:
        return service_to_v1(self._service(call))

    def _create(self, call: _Call) -> Json:
        body = json_object(call.body)
        wanted, metadata = service_from_v1(body, None), body.get("metadata", {})
        region = call.region or metadata.get("labels", {}).get(LOCATION)
        if not region:
            raise RpcRefusal(
                "INVALID_ARGUMENT", f"no region: ask REGION-run.googleapis.com, or set the label {LOCATION}"
            )
        request = run_v2.CreateServiceRequest(
            parent=_parent(call.project, region),
            service_id=str(metadata.get("name") or ""),
            service=wanted,
            validate_only=call.dry,
        )
        return self._begun("Services/CreateService", request)

    def _replace(self, call: _Call) -> Json:
        """Refused when the version that the caller read is no longer the present one [report: captures of v1]."""
        body, current = json_object(call.body), self._service(call)
        wanted = service_from_v1(body, current)
        given, version = body.get("metadata", {}).get("resourceVersion", ""), resource_version(current)
        if given and given != version:
            raise RpcRefusal(
                "ABORTED",
                f"Conflict for resource '{call.name}': version '{given}' was specified but current version is "
                f"'{version}'.",
            )
        wanted.name, wanted.etag = current.name, current.etag if given else ""
        with etag_counts():
            return self._begun(
                "Services/UpdateService", run_v2.UpdateServiceRequest(service=wanted, validate_only=call.dry)
            )

    def _delete_service(self, call: _Call) -> Json:
        request = run_v2.DeleteServiceRequest(name=self._service(call).name, validate_only=call.dry)
        self._ask("Services/DeleteService", request)
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    # Revisions

    def _list_revisions(self, call: _Call) -> Json:
        meant = selecting(call.query.get("labelSelector", ""))
        found = [revision_to_v1(each) for region in self._regions(call) for each in self._revisions(call, region)]
        return _listing("RevisionList", [each for each in found if meant(each["metadata"]["labels"])])

    def _get_revision(self, call: _Call) -> Json:
        return revision_to_v1(self._revision(call))

    def _delete_revision(self, call: _Call) -> Json:
        request = run_v2.DeleteRevisionRequest(name=self._revision(call).name, validate_only=call.dry)
        self._ask("Revisions/DeleteRevision", request)
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    # What v2 says

    def _service(self, call: _Call) -> run_v2.Service:
        names = [f"{_parent(call.project, region)}/services/{call.name}" for region in self._regions(call)]
        found: run_v2.Service = self._first(
            "Services/GetService", [run_v2.GetServiceRequest(name=name) for name in names]
        )
        return found

    def _revision(self, call: _Call) -> run_v2.Revision:
        parents = [f"{_parent(call.project, region)}/services/-" for region in self._regions(call)]
        names = [f"{parent}/revisions/{call.name}" for parent in parents]
        found: run_v2.Revision = self._first(
            "Revisions/GetRevision", [run_v2.GetRevisionRequest(name=name) for name in names]
        )
        return found

    def _services(self, project: str, region: str) -> list[run_v2.Service]:
        return self._pages(
            "Services/ListServices", "services", run_v2.ListServicesRequest(parent=_parent(project, region))
        )

    def _revisions(self, call: _Call, region: str) -> list[run_v2.Revision]:
        request = run_v2.ListRevisionsRequest(parent=f"{_parent(call.project, region)}/services/-")
        return self._pages("Revisions/ListRevisions", "revisions", request)

    def _regions(self, call: _Call) -> list[str]:
        """Never none: what is in no region has to be refused by v2's own words."""
        return [call.region] if call.region else self._locations(call.project) or ["us-central1"]

    def _first(self, rpc: str, requests: list[Any]) -> Any:
        for request in requests[:-1]:
            try:
                return self._ask(rpc, request)
            except RpcRefusal as refusal:
                if refusal.code != "NOT_FOUND":
                    raise
        return self._ask(rpc, requests[-1])

    def _pages(self, rpc: str, field: str, request: Any) -> list[Any]:
        request.page_size, found = _PAGE, []
        while True:
            answer = self._ask(rpc, request)
            found += getattr(answer, field)
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token

    def _begun(self, rpc: str, request: Any) -> Json:
        """The service as it stands when the change has begun."""
        operation: Operation = self._ask(rpc, request)
        begun = run_v2.Service.pb(run_v2.Service())
        operation.metadata.Unpack(begun)
        return service_to_v1(run_v2.Service.wrap(begun))

    def _ask(self, rpc: str, request: Any) -> Any:
        return self._methods[f"/google.cloud.run.v2.{rpc}"](request)


def _serve(rest: RestApi, answer: Callable[[_Call], Json]) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        regional, path = _REGIONAL.fullmatch(request.host), request.match_info
        region = regional[1] if regional else path.get("location", "-")
        call = _Call(
            path["project"],
            None if region == "-" else region,
            path.get("name", ""),
            request.query,
            await request.read(),
        )
        return await rest.answering(request, lambda: json.dumps(answer(call)))

    return serve


def _listing(kind: str, items: list[Json]) -> Json:
    return {"apiVersion": API, "kind": kind, "metadata": {}, "items": items}


def _parent(project: str, region: str) -> str:
    return f"projects/{project}/locations/{region}"
