"""The long-running operations of Cloud Run and their results.

They live in memory only, and the oldest are forgotten: Cloud Run, too, keeps them for a while and no longer.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from google.longrunning.operations_pb2 import Operation

_KEPT = 1000
INTERNAL = 13
_FAILED_PRECONDITION = 9  # google.rpc.Code, as failed starts end in public reports of 2025


class Operations:
    """May be used from any thread. Messages are plain protobuf."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, tuple[Operation, Callable[[], Any]]] = OrderedDict()

    def begin(self, parent: str, accepted: Any, tell: Callable[[], Any]) -> Operation:
        """`accepted` is the resource as the write left it: the metadata until the operation's end [recorded].

        `tell` gives it as it stands at the end.
        """
        operation = Operation(name=f"{parent}/operations/{uuid.uuid4()}")
        operation.metadata.Pack(accepted)
        with self._lock:
            self._found[operation.name] = (operation, tell)
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)
            return _copy(operation)

    def end(self, name: str, error: str | None, code: int = _FAILED_PRECONDITION) -> None:
        """`error` is Cloud Run's sentence about a failure, None when all is well; `code` a google.rpc.Code."""
        operation, tell = self._found[name]
        resource = tell()
        with self._lock:
            operation.metadata.Pack(resource)
            operation.done = True
            if error is None:
                operation.response.Pack(resource)
            else:
                operation.error.code = code
                operation.error.message = error

    def get(self, name: str) -> Operation | None:
        found = self._found.get(name)
        if found is None:
            return None
        with self._lock:
            return _copy(found[0])

    def below(self, parent: str) -> list[Operation]:
        """Of a project's location ("projects/P/locations/L"), the newest first."""
        with self._lock:
            kept = [_copy(operation) for operation, _ in self._found.values()]
        return [each for each in reversed(kept) if each.name.startswith(f"{parent}/operations/")]


def done(resource: Any, parent: str) -> Operation:
    """An operation that changed nothing and has ended, for validate_only."""
    operation = Operation(name=f"{parent}/operations/{uuid.uuid4()}", done=True)
    operation.metadata.Pack(resource)
    operation.response.Pack(resource)
    return operation


def _copy(operation: Operation) -> Operation:
    copy = Operation()
    copy.CopyFrom(operation)
    return copy
