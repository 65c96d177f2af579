"""Cloud Build's RPCs, as rows for the server."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from google.cloud.devtools.cloudbuild_v1.types import (
    Build,
    CancelBuildRequest,
    CreateBuildRequest,
    DefaultServiceAccount,
    GetBuildRequest,
    GetDefaultServiceAccountRequest,
    ListBuildsRequest,
    ListBuildsResponse,
)
from google.longrunning.operations_pb2 import Operation

from ..wire.method import Method, RpcRefusal
from .environment import compute_account, project_number
from .refusal import BuildRefusal
from .service import CloudBuildService

_DEFAULT = re.compile(r"projects/([^/]+)/locations/[^/]+/defaultServiceAccount")
_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


def build_methods(builds: CloudBuildService) -> list[Method]:
    service = "/google.devtools.cloudbuild.v1.CloudBuild"
    return [
        Method(f"{service}/CreateBuild", CreateBuildRequest, Operation, _refusing(builds.create)),
        Method(f"{service}/GetBuild", GetBuildRequest, Build, _refusing(builds.get)),
        Method(f"{service}/ListBuilds", ListBuildsRequest, ListBuildsResponse, _refusing(builds.list)),
        Method(f"{service}/CancelBuild", CancelBuildRequest, Build, _refusing(builds.cancel)),
        Method(
            f"{service}/GetDefaultServiceAccount",
            GetDefaultServiceAccountRequest,
            DefaultServiceAccount,
            _default_account,
        ),
    ]


def _default_account(asked: GetDefaultServiceAccountRequest) -> DefaultServiceAccount:
    """https://cloud.google.com/build/docs/api/reference/rest/v1/projects.locations/getDefaultServiceAccount"""
    match = _DEFAULT.fullmatch(asked.name)
    if match is None:
        raise RpcRefusal("INVALID_ARGUMENT", "Request contains an invalid argument.")
    account = compute_account(project_number(match[1]))
    return DefaultServiceAccount(
        name=asked.name, service_account_email=f"projects/{match[1]}/serviceAccounts/{account}"
    )


def find_build_operation(builds: CloudBuildService) -> Callable[[str], Operation | None]:
    return _refusing(builds.operation)


def _refusing(answer: Callable[[_Asked], _Answer]) -> Callable[[_Asked], _Answer]:
    def answering(asked: _Asked) -> _Answer:
        try:
            return answer(asked)
        except BuildRefusal as refusal:
            raise RpcRefusal(refusal.code, refusal.message) from None

    return answering
