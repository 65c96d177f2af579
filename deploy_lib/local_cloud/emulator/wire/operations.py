"""google.longrunning.Operations over the services that start operations, each asked in turn.

Google's clients poll GetOperation at the same address as the service itself, whichever service that is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from google.longrunning.operations_pb2 import (
    GetOperationRequest,
    ListOperationsRequest,
    ListOperationsResponse,
    Operation,
    WaitOperationRequest,
)

from .method import Method, RpcRefusal
from .pages import page

Find = Callable[[str], Operation | None]
"""The operation of that name; None when the name is another service's. May raise RpcRefusal."""
List = Callable[[str], Sequence[Operation]]
"""Those below projects/P/locations/L."""

_PLACE = re.compile(r"projects/[^/]+/locations/[^/]+")
_DONE = re.compile(r"done\s*[=:]\s*(true|false)")
_LONGEST_WAIT = 30.0  # seconds WaitOperation holds a thread; the real one, too, may answer before the end
_STEP = 0.05


def operation_methods(finders: Sequence[Find], listers: Sequence[List], pause: Callable[[float], bool]) -> list[Method]:
    """`pause` waits some seconds; True when the local cloud stops."""
    service = "/google.longrunning.Operations"

    def find(name: str) -> Operation:
        for finder in finders:
            found = finder(name)
            if found is not None:
                return found
        raise RpcRefusal("NOT_FOUND", f"Requested entity was not found: operation {name!r}")

    def get(request: GetOperationRequest) -> Operation:
        return find(request.name)

    def wait(request: WaitOperationRequest) -> Operation:
        asked = request.timeout.ToTimedelta().total_seconds() if request.HasField("timeout") else _LONGEST_WAIT
        deadline = time.monotonic() + min(asked, _LONGEST_WAIT)
        while not (operation := find(request.name)).done and time.monotonic() < deadline:
            if pause(_STEP):
                break
        return operation

    def listed(request: ListOperationsRequest) -> ListOperationsResponse:
        """The newest first [assumed], as Cloud Run lists them: of one location."""
        if _PLACE.fullmatch(request.name) is None:
            raise RpcRefusal(
                "INVALID_ARGUMENT", f"invalid name {request.name!r}: want projects/PROJECT/locations/LOCATION"
            )
        wanted = _DONE.fullmatch(request.filter.strip())
        if request.filter.strip() and wanted is None:
            why = f"the local cloud reads done=true and done=false, not {request.filter!r}"
            raise RpcRefusal("INVALID_ARGUMENT", f"filter: {why}")
        found = [operation for lister in listers for operation in lister(request.name)]
        if wanted is not None:
            found = [operation for operation in found if operation.done == (wanted[1] == "true")]
        shown, token = page(found, request.page_size, request.page_token)
        return ListOperationsResponse(operations=shown, next_page_token=token)

    return [
        Method(f"{service}/ListOperations", ListOperationsRequest, ListOperationsResponse, listed),
        Method(f"{service}/GetOperation", GetOperationRequest, Operation, get),
        Method(f"{service}/WaitOperation", WaitOperationRequest, Operation, wait),
    ]
