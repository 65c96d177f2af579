"""The v1 API's paths of services and revisions, each answered by v2's RPCs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web
from google.cloud.run_v2 import types as run_v2

from ..rest.payload import json_object
from ..rest.routes import RestApi
from ..wire.etags import etag_counts
from ..wire.method import Method
from .annotations import Json
from .calls import NAME, SUCCESS, V2, Answer, Call, Used, listing, new_place, routes_of, wanted_etag
from .incoming import service_from_v1
from .jobs import JobsFace
from .outgoing import API, resource_version, revision_to_v1, service_to_v1
from .schema import checked


class KnativeApi:
    def __init__(
        self,
        methods: Iterable[Method],
        locations: Callable[[str], list[str]],
        used: Used = lambda: (),
        digest: Callable[[str], str] = lambda name: "",
    ) -> None:
        """`locations` and `used` as for V2; `digest` is what the image of a revision, by its full name, meant."""
        self._v2, self._digest = V2(methods, locations, used), digest

    def routes(self, rest: RestApi) -> list[web.RouteDef]:
        table: list[tuple[str, str, Answer]] = [
            ("GET", "services", self._list_services),
            ("POST", "services", self._create),
            ("GET", f"services/{NAME}", self._get_service),
            ("PUT", f"services/{NAME}", self._replace),
            ("DELETE", f"services/{NAME}", self._delete_service),
            ("GET", "revisions", self._list_revisions),
            ("GET", f"revisions/{NAME}", self._get_revision),
            ("DELETE", f"revisions/{NAME}", self._delete_revision),
        ]
        places = (f"/apis/{API}/namespaces/{{project}}", "/v1/projects/{project}/locations/{location}")
        return [*routes_of(rest, self._v2, places, table), *JobsFace(self._v2).routes(rest)]

    # Services

    def _list_services(self, call: Call) -> Json:
        requests = [run_v2.ListServicesRequest(parent=each) for each in self._v2.parents(call)]
        pages = [self._v2.pages("Services/ListServices", "services", request) for request in requests]
        return listing(API, "ServiceList", [service_to_v1(each) for page in pages for each in page], call)

    def _get_service(self, call: Call) -> Json:
        return service_to_v1(self._service(call))

    def _create(self, call: Call) -> Json:
        body = checked(json_object(call.body))
        wanted, metadata = service_from_v1(body, None), body.get("metadata", {})
        request = run_v2.CreateServiceRequest(
            parent=new_place(call, metadata),
            service_id=str(metadata.get("name") or ""),
            service=wanted,
            validate_only=call.dry,
        )
        return self._begun("Services/CreateService", request)

    def _replace(self, call: Call) -> Json:
        body, current = checked(json_object(call.body)), self._service(call)
        wanted = service_from_v1(body, current)
        wanted.name, wanted.etag = current.name, wanted_etag(call, body, resource_version(current), current.etag)
        request = run_v2.UpdateServiceRequest(service=wanted, validate_only=call.dry)
        with etag_counts():
            return self._begun("Services/UpdateService", request)

    def _delete_service(self, call: Call) -> Json:
        request = run_v2.DeleteServiceRequest(name=self._service(call).name, validate_only=call.dry)
        self._v2.ask("Services/DeleteService", request)
        return SUCCESS

    # Revisions

    def _list_revisions(self, call: Call) -> Json:
        requests = [run_v2.ListRevisionsRequest(parent=f"{each}/services/-") for each in self._v2.parents(call)]
        pages = [self._v2.pages("Revisions/ListRevisions", "revisions", request) for request in requests]
        return listing(API, "RevisionList", [self._told(each) for page in pages for each in page], call)

    def _get_revision(self, call: Call) -> Json:
        return self._told(self._revision(call))

    def _told(self, revision: run_v2.Revision) -> Json:
        return revision_to_v1(revision, self._digest(revision.name))

    def _delete_revision(self, call: Call) -> Json:
        request = run_v2.DeleteRevisionRequest(name=self._revision(call).name, validate_only=call.dry)
        self._v2.ask("Revisions/DeleteRevision", request)
        return SUCCESS

    # What v2 says

    def _service(self, call: Call) -> run_v2.Service:
        names = [f"{each}/services/{call.name}" for each in self._v2.parents(call)]
        found: run_v2.Service = self._v2.first(
            "Services/GetService", [run_v2.GetServiceRequest(name=name) for name in names]
        )
        return found

    def _revision(self, call: Call) -> run_v2.Revision:
        names = [f"{each}/services/-/revisions/{call.name}" for each in self._v2.parents(call)]
        found: run_v2.Revision = self._v2.first(
            "Revisions/GetRevision", [run_v2.GetRevisionRequest(name=name) for name in names]
        )
        return found

    def _begun(self, rpc: str, request: Any) -> Json:
        """The service as it stands when the change has begun."""
        return service_to_v1(self._v2.begun(rpc, request, run_v2.Service))
