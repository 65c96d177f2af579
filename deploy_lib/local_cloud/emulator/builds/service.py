"""Cloud Build as a service: accepts builds, runs each in its own thread, reports their state.

Free of the wire: requests come in as the client library's own messages, refusals leave as BuildRefusal.
"""

from __future__ import annotations

import base64
import re
import threading
import uuid

from google.cloud.devtools.cloudbuild_v1.types import (
    Build,
    BuildOperationMetadata,
    CancelBuildRequest,
    CreateBuildRequest,
    GetBuildRequest,
    ListBuildsRequest,
    ListBuildsResponse,
)
from google.longrunning.operations_pb2 import Operation

from ...worker import explain, start_worker
from ..profile.roles import READ_OBJECT
from ..wire.times import utc
from .cancellation import Cancellation
from .defaults import service_account
from .environment import BuildEnvironment, project_number
from .filters import parse_filter
from .refusal import BuildRefusal, invalid
from .request import prepare
from .run import run_build
from .store import UNDER_WAY, BuildStore

_LOCATION = re.compile(r"projects/([^/]+)/locations/([^/]+)")
_BUILD = re.compile(r"projects/([^/]+)/(?:locations/[^/]+/)?builds/([^/]+)")
_OPERATION = re.compile(r"operations/build/([^/]+)/([^/]+)")
_CANCEL_WITHIN = 15.0  # seconds a cancelled build may take to end before its canceller is answered
_PAGE = 100
# google.rpc.Code by how a build ended; Cloud Build tells the rest in the build itself.
_CODES = {"TIMEOUT": 4, "CANCELLED": 1, "INTERNAL_ERROR": 13, "EXPIRED": 4}


class CloudBuildService:
    """All methods may be called from any thread and raise BuildRefusal."""

    def __init__(self, environment: BuildEnvironment) -> None:
        self._shop = environment
        self._store = BuildStore(environment.root / "ledger")
        self._lock = threading.Lock()
        self._halts: dict[str, Cancellation] = {}
        self._threads: dict[str, threading.Thread] = {}

    def create(self, request: CreateBuildRequest) -> Operation:
        project, location = _place(request.parent, request.project_id)
        build = prepare(
            request.build,
            build_id=str(uuid.uuid4()),
            project=project,
            number=project_number(project),
            location=location,
        )
        self._check_source(build, service_account(build, project_number(project)))
        build.create_time = utc(self._shop.clock())
        build.status = Build.Status(Build.Status.QUEUED)
        self._store.add(build)
        cancellation = Cancellation()
        with self._lock:  # which its end takes too
            self._halts[build.id] = cancellation
            self._threads[build.id] = start_worker(
                lambda: self._run(build, cancellation), f"build-{build.id}", lambda error: self._fail(build, error)
            )
        return _operation(build)

    def get(self, request: GetBuildRequest) -> Build:
        return self._store.get(*_which(request.name, request.project_id, request.id))

    def list(self, request: ListBuildsRequest) -> ListBuildsResponse:
        project, location = _place(request.parent, request.project_id)
        found = self._store.list(project, location, parse_filter(request.filter))
        try:
            start = int(request.page_token or "0")
        except ValueError:
            raise invalid(f"invalid page token {request.page_token!r}") from None
        size = min(max(request.page_size, 0) or _PAGE, 1000)
        rest = str(start + size) if start + size < len(found) else ""
        return ListBuildsResponse(builds=found[start : start + size], next_page_token=rest)

    def cancel(self, request: CancelBuildRequest) -> Build:
        project, build_id = _which(request.name, request.project_id, request.id)
        if self._store.get(project, build_id).status not in UNDER_WAY:
            raise BuildRefusal("FAILED_PRECONDITION", f"build {build_id} has ended already and cannot be cancelled")
        self._end(build_id, "Build was cancelled")
        return self._store.wait(build_id, _CANCEL_WITHIN)

    def operation(self, name: str) -> Operation | None:
        """None when the name is not that of an operation of Cloud Build."""
        match = _OPERATION.fullmatch(name)
        if match is None:
            return None
        try:
            build_id = base64.urlsafe_b64decode(match[2]).decode()
        except ValueError:
            raise BuildRefusal("NOT_FOUND", f"Requested entity was not found: {name}") from None
        return _operation(self._store.get(match[1], build_id))

    def close(self) -> None:
        """Ends every build that runs and waits for it."""
        with self._lock:
            running = dict(self._threads)
        for build_id in running:
            self._end(build_id, "the local cloud is stopping")
        for thread in running.values():
            thread.join(_CANCEL_WITHIN)

    def _check_source(self, build: Build, account: str) -> None:
        """The source is looked up before the build is queued [report]."""
        refused = self._shop.refusal(account, READ_OBJECT) if build.source.storage_source.bucket else None
        if refused:
            raise invalid(f"could not resolve source: googleapi: Error 403: {refused}, forbidden")

    def _run(self, build: Build, cancellation: Cancellation) -> None:
        try:
            run_build(self._shop, self._store, build, cancellation)
        finally:
            with self._lock:
                del self._halts[build.id], self._threads[build.id]

    def _fail(self, build: Build, error: Exception) -> None:
        """It ends all the same: nobody waits for a build that nothing works on."""

        def change(kept: Build) -> None:
            kept.status, kept.status_detail = Build.Status(Build.Status.INTERNAL_ERROR), explain(error)
            kept.finish_time = utc(self._shop.clock())

        if self._store.get(build.project_id, build.id).status in UNDER_WAY:
            self._store.change(build.id, change)

    def _end(self, build_id: str, reason: str) -> None:
        with self._lock:
            cancellation = self._halts.get(build_id)
        if cancellation is not None:
            cancellation.end(reason)


def _place(parent: str, project: str) -> tuple[str, str]:
    """Project and location; without a parent the build is global."""
    if not parent:
        if not project:
            raise invalid("the project is missing: set parent or project_id")
        return project, "global"
    match = _LOCATION.fullmatch(parent)
    if match is None:
        raise invalid(f"invalid parent {parent!r}: want projects/P/locations/L")
    return match[1], match[2]


def _which(name: str, project: str, build_id: str) -> tuple[str, str]:
    """A regional build is asked for by `name`, a global one by project and id."""
    if not name:
        return project, build_id
    match = _BUILD.fullmatch(name)
    if match is None:
        raise invalid(f"invalid build name {name!r}: want projects/P/locations/L/builds/B")
    return match[1], match[2]


def _operation(build: Build) -> Operation:
    operation = Operation(name=f"operations/build/{build.project_id}/{_encoded(build.id)}")
    operation.metadata.Pack(BuildOperationMetadata.pb(BuildOperationMetadata(build=build)))
    operation.done = build.status not in UNDER_WAY
    if build.status == Build.Status.SUCCESS:
        operation.response.Pack(Build.pb(build))
    elif operation.done:
        operation.error.code = _CODES.get(build.status.name, 2)
        operation.error.message = build.status_detail or f"Build failed; status {build.status.name}"
    return operation


def _encoded(build_id: str) -> str:
    return base64.urlsafe_b64encode(build_id.encode()).decode()
