"""google.longrunning.Operations over the services that start operations, each asked in turn.

Google's clients poll GetOperation at the same address as the service itself, whichever service that is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from google.longrunning.operations_pb2 import GetOperationRequest, Operation, WaitOperationRequest

from .method import Method, RpcRefusal

Find = Callable[[str], Operation | None]
"""The operation of that name; None when the name is another service's. May raise RpcRefusal."""

_LONGEST_WAIT = 30.0  # seconds WaitOperation holds a thread; the real one, too, may answer before the end
_STEP = 0.05


def operation_methods(finders: Sequence[Find], pause: Callable[[float], bool]) -> list[Method]:
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

    return [
        Method(f"{service}/GetOperation", GetOperationRequest, Operation, get),
        Method(f"{service}/WaitOperation", WaitOperationRequest, Operation, wait),
    ]
