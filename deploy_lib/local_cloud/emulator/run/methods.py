"""Cloud Run's RPCs, as rows for the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from google.cloud.run_v2.types import (
    CreateServiceRequest,
    DeleteRevisionRequest,
    DeleteServiceRequest,
    GetRevisionRequest,
    GetServiceRequest,
    ListRevisionsRequest,
    ListRevisionsResponse,
    ListServicesRequest,
    ListServicesResponse,
    Revision,
    Service,
    UpdateServiceRequest,
)
from google.iam.v1.iam_policy_pb2 import (
    GetIamPolicyRequest,
    SetIamPolicyRequest,
    TestIamPermissionsRequest,
    TestIamPermissionsResponse,
)
from google.iam.v1.policy_pb2 import Policy
from google.longrunning.operations_pb2 import Operation

from ..wire import policies
from ..wire.caller import caller
from ..wire.method import Method, Row, methods_of, refusing
from .refusal import RunRefusal
from .service import CloudRun


def methods(cloud_run: CloudRun) -> list[Method]:
    services, revisions, run = "Services", "Revisions", cloud_run
    rows: list[Row] = [
        (f"{services}/CreateService", CreateServiceRequest, Operation, run.create_service),
        (f"{services}/GetService", GetServiceRequest, Service, run.catalogue.get_service),
        (f"{services}/ListServices", ListServicesRequest, ListServicesResponse, run.catalogue.list_services),
        (f"{services}/UpdateService", UpdateServiceRequest, Operation, run.update_service),
        (f"{services}/DeleteService", DeleteServiceRequest, Operation, run.delete_service),
        (f"{services}/GetIamPolicy", GetIamPolicyRequest, Policy, get_policy(run)),
        (f"{services}/SetIamPolicy", SetIamPolicyRequest, Policy, set_policy(run)),
        (f"{services}/TestIamPermissions", TestIamPermissionsRequest, TestIamPermissionsResponse, _test_policy(run)),
        (f"{revisions}/GetRevision", GetRevisionRequest, Revision, run.catalogue.get_revision),
        (f"{revisions}/ListRevisions", ListRevisionsRequest, ListRevisionsResponse, run.catalogue.list_revisions),
        (f"{revisions}/DeleteRevision", DeleteRevisionRequest, Operation, run.delete_revision),
    ]
    return methods_of("/google.cloud.run.v2.", rows)


def find_operation(cloud_run: CloudRun) -> Callable[[str], Operation | None]:
    return refusing(cloud_run.operation)


class HasPolicies(Protocol):
    """What has a policy of its own by a resource's name: Cloud Run's services, and its jobs."""

    def get_policy(self, resource: str) -> bytes: ...
    def set_policy(self, resource: str, given: Policy) -> Policy: ...


def get_policy(run: HasPolicies) -> Callable[[GetIamPolicyRequest], Policy]:
    def answer(request: GetIamPolicyRequest) -> Policy:
        return policies.shown(run.get_policy(request.resource), request.options.requested_policy_version)

    return answer


def set_policy(run: HasPolicies) -> Callable[[SetIamPolicyRequest], Policy]:
    def answer(request: SetIamPolicyRequest) -> Policy:
        return run.set_policy(request.resource, request.policy)

    return answer


def _test_policy(run: CloudRun) -> Callable[[TestIamPermissionsRequest], TestIamPermissionsResponse]:
    """Nobody may do anything with what is not there [doc: an empty set,
    no NOT_FOUND, https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/testIamPermissions]."""

    def answer(request: TestIamPermissionsRequest) -> TestIamPermissionsResponse:
        try:
            return TestIamPermissionsResponse(
                permissions=run.permitted(request.resource, caller(), request.permissions)
            )
        except RunRefusal as refusal:
            if refusal.code != "NOT_FOUND":
                raise
            return TestIamPermissionsResponse()

    return answer
