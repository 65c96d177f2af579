"""One RPC: its path, its message types, and the function that answers it.

proto-plus registers messages only, so the descriptor pool holds no services; each service lists its RPCs in such
rows instead, and `server` serves whatever rows it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from ..refusal import Refusal

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class RpcRefusal(Exception):
    """The service says no. `code` is the gRPC status by name; `details` are messages for google.rpc.Status."""

    def __init__(self, code: str, message: str, details: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


@dataclass(frozen=True, slots=True)
class Method:
    """`answer` takes a message of type `request` and gives one of type `response`, from any thread.

    It raises RpcRefusal. `path` is as on the wire: "/google.cloud.run.v2.Services/GetService". Messages are
    proto-plus or plain protobuf classes.
    """

    path: str
    request: type
    response: type
    answer: Callable[[Any], Any]


Row = tuple[str, type, type, Callable[..., object]]
"""A path below a common one, the types of request and response, and what answers, which may raise a Refusal."""


def methods_of(root: str, rows: Iterable[Row]) -> list[Method]:
    """`root` is what all paths begin with."""
    return [Method(f"{root}{path}", asked, given, refusing(answer)) for path, asked, given, answer in rows]


def refusing(answer: Callable[[_Asked], _Answer]) -> Callable[[_Asked], _Answer]:
    """The same answers, and a Refusal as RpcRefusal."""

    def answering(asked: _Asked) -> _Answer:
        try:
            return answer(asked)
        except Refusal as refusal:
            raise RpcRefusal(refusal.code, refusal.message) from None

    return answering
