"""Cloud Build's RPCs, as rows for the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from google.cloud.devtools.cloudbuild_v1 import (
    Build,
    CancelBuildRequest,
    CreateBuildRequest,
    GetBuildRequest,
    ListBuildsRequest,
    ListBuildsResponse,
)
from google.longrunning.operations_pb2 import Operation

from ..wire.method import Method, RpcRefusal
from .refusal import BuildRefusal
from .service import CloudBuildService

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


def build_methods(builds: CloudBuildService) -> list[Method]:
    service = "/google.devtools.cloudbuild.v1.CloudBuild"
    return [
        Method(f"{service}/CreateBuild", CreateBuildRequest, Operation, _refusing(builds.create)),
        Method(f"{service}/GetBuild", GetBuildRequest, Build, _refusing(builds.get)),
        Method(f"{service}/ListBuilds", ListBuildsRequest, ListBuildsResponse, _refusing(builds.list)),
        Method(f"{service}/CancelBuild", CancelBuildRequest, Build, _refusing(builds.cancel)),
    ]


def find_build_operation(builds: CloudBuildService) -> Callable[[str], Operation | None]:
    return _refusing(builds.operation)


def _refusing(answer: Callable[[_Asked], _Answer]) -> Callable[[_Asked], _Answer]:
    def answering(asked: _Asked) -> _Answer:
        try:
            return answer(asked)
        except BuildRefusal as refusal:
            raise RpcRefusal(refusal.code, refusal.message) from None

    return answering
