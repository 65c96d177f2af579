"""Cloud Build's RPCs, as rows for the server."""

from __future__ import annotations

import re
from collections.abc import Callable

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

from ..wire.method import Method, RpcRefusal, refusing
from .environment import compute_account, project_number
from .service import CloudBuildService

_DEFAULT = re.compile(r"projects/([^/]+)/locations/[^/]+/defaultServiceAccount")


def build_methods(builds: CloudBuildService) -> list[Method]:
    service = "/google.devtools.cloudbuild.v1.CloudBuild"
    return [
        Method(f"{service}/CreateBuild", CreateBuildRequest, Operation, refusing(builds.create)),
        Method(f"{service}/GetBuild", GetBuildRequest, Build, refusing(builds.get)),
        Method(f"{service}/ListBuilds", ListBuildsRequest, ListBuildsResponse, refusing(builds.list)),
        Method(f"{service}/CancelBuild", CancelBuildRequest, Build, refusing(builds.cancel)),
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
    return refusing(builds.operation)
