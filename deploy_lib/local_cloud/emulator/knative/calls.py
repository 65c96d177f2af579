"""What the faces of v1 share: a request of theirs, and the RPCs of v2 that answer it, with faults and record.

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
from google.longrunning.operations_pb2 import Operation

from ..builds.environment import project_number
from ..rest.routes import RestApi
from ..run.refusal import conflict
from ..wire.method import Method, RpcRefusal
from .annotations import Json
from .paths import in_v1_paths
from .selector import selecting

NAME = "{name:[^/:]+}"  # what follows a colon is an action
SUCCESS = {"kind": "Status", "apiVersion": "v1", "status": "Success"}
_REGIONAL = re.compile(r"([a-z0-9-]+)-run\.googleapis\.com(?::\d+)?")
_PAGE = 1000

LOCATION = "cloud.googleapis.com/location"
"""The label that names a resource's region."""

Used = Callable[[], Iterable[str]]
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request of v1: where it asks, for what, and what it brings."""

    project: str
    region: str | None
    name: str
    query: Mapping[str, str]
    body: bytes

    @property
    def dry(self) -> bool:
        return self.query.get("dryRun") == "all"


Answer = Callable[[Call], Json]


def routes_of(
    rest: RestApi, v2: V2, places: Iterable[str], table: Iterable[tuple[str, str, Answer]]
) -> list[web.RouteDef]:
    """Of rows (verb, path below each place, answer)."""
    found = []
    for verb, path, answer in table:
        for place in places:
            options = {"allow_head": False} if verb == "GET" else {}
            found.append(web.route(verb, f"{place}/{path}", _serve(rest, v2, answer), **options))
    return found


def _serve(rest: RestApi, v2: V2, answer: Answer) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        regional, path = _REGIONAL.fullmatch(request.host), request.match_info
        region = regional[1] if regional else path.get("location", "-")
        call = Call(
            v2.project(path["project"]),
            None if region == "-" else region,
            path.get("name", ""),
            request.query,
            await request.read(),
        )
        return await rest.answering(request, lambda: json.dumps(answer(call)))

    return serve


def listing(api: str, kind: str, items: list[Json], call: Call) -> Json:
    """Of those that the request's selector means."""
    meant = selecting(call.query.get("labelSelector", ""))
    found = [each for each in items if meant(each["metadata"]["labels"])]
    return {"apiVersion": api, "kind": kind, "metadata": {}, "items": found}


def new_place(call: Call, metadata: Json) -> str:
    """The parent of what is created. Raises RpcRefusal when nothing names its region."""
    region = call.region or metadata.get("labels", {}).get(LOCATION)
    if not region:
        raise RpcRefusal("INVALID_ARGUMENT", f"no region: ask REGION-run.googleapis.com, or set the label {LOCATION}")
    return parent(call.project, region)


def wanted_etag(call: Call, body: Json, version: str, etag: str) -> str:
    """What a change names of the version and the etag that are there: "" when the caller named no version.

    Raises RpcRefusal when the one that the caller read is no longer the present one [report: captures of v1].
    """
    given = body.get("metadata", {}).get("resourceVersion", "")
    if given and given != version:
        raise RpcRefusal("ABORTED", conflict(call.name, given, version))
    return etag if given else ""


def parent(project: str, region: str) -> str:
    return f"projects/{project}/locations/{region}"


class V2:
    """Cloud Run's v2 RPCs, asked as by a client."""

    def __init__(
        self, methods: Iterable[Method], locations: Callable[[str], list[str]], used: Used = lambda: ()
    ) -> None:
        """`locations` are those that a project uses, `used` the projects that have something."""
        self._methods = {method.path: method.answer for method in methods}
        self._locations, self._used = locations, used

    def project(self, named: str) -> str:
        """The id of a project that is named by its id, or by its number as v1 tells it."""
        found = (each for each in self._used() if project_number(each) == named) if named.isdigit() else ()
        return next(iter(found), named)

    def ask(self, rpc: str, request: Any) -> Any:
        """Raises RpcRefusal, whose paths of fields are v1's."""
        try:
            return self._methods[f"/google.cloud.run.v2.{rpc}"](request)
        except RpcRefusal as refusal:
            raise RpcRefusal(refusal.code, in_v1_paths(refusal.message), refusal.details) from refusal

    def begun(self, rpc: str, request: Any, kind: Any) -> Any:
        """What the change is of, a message of that kind, as it stands when the change has begun."""
        operation: Operation = self.ask(rpc, request)
        found = kind.pb(kind())
        operation.metadata.Unpack(found)
        return kind.wrap(found)

    def regions(self, call: Call) -> list[str]:
        """Never none: what is in no region has to be refused by v2's own words."""
        return [call.region] if call.region else self._locations(call.project) or ["us-central1"]

    def parents(self, call: Call) -> list[str]:
        return [parent(call.project, region) for region in self.regions(call)]

    def first(self, rpc: str, requests: list[Any]) -> Any:
        """Of the first that is found."""
        for request in requests[:-1]:
            try:
                return self.ask(rpc, request)
            except RpcRefusal as refusal:
                if refusal.code != "NOT_FOUND":
                    raise
        return self.ask(rpc, requests[-1])

    def pages(self, rpc: str, field: str, request: Any) -> list[Any]:
        """All of a list."""
        request.page_size, found = _PAGE, []
        while True:
            answer = self.ask(rpc, request)
            found += getattr(answer, field)
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token
