"""The calls of Cloud Run that the driver makes, by one policy. What is absent is None."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.template import without_system_names
from deploy_lib.drivers.services.traffic import short
from deploy_lib.drivers.status_code import StatusCode

if TYPE_CHECKING:
    from google.cloud import run_v2
    from google.iam.v1.policy_pb2 import Policy
    from google.longrunning.operations_pb2 import Operation

T = TypeVar("T")

NEWEST = 100  # revisions; a service may keep a thousand


CATCHES_UP_WITHIN = 5.0
"""Seconds for a read to show what an earlier answer has shown already."""


class RunApi:
    """Paths are full resource names. Raises ApiError."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._clients = calls.clients
        self._newest: dict[str, datetime] = {}
        self._replaced: dict[str, datetime] = {}

    def service(self, path: str) -> run_v2.Service | None:
        """Never older than the newest write that this object has made or read, as its update time tells.

        That time moves with writes alone: how far Cloud Run has come with one may look older at a later read, so who
        waits for that looks until it is there.

        An absence is believed when it is seen again, and of a service that was seen before when it lasts: a release
        that takes its service for a new one has no traffic to put back.
        """
        absences = 0
        for _ in polls(self._calls.clock, CATCHES_UP_WITHIN):
            found = self._read(path)
            absences += found is None
            if (absences > 1 and path not in self._newest) if found is None else not self._is_stale(path, found):
                break
        if found is None:  # it lasted: what comes next need not wait for it again
            self._newest.pop(path, None)
        return found

    def _read(self, path: str) -> run_v2.Service | None:
        from google.cloud import run_v2

        request = run_v2.GetServiceRequest(name=path)
        doing = f"read the service {short(path)}"
        return found_or_none(lambda: self._calls.ask("get_service", self._clients.services.get_service, request, doing))

    def replaced(self, path: str, before: run_v2.Service) -> None:
        """Another way than by this object it was written over `before`, which no read may show any more."""
        if before.update_time is not None:
            self._replaced[path] = before.update_time

    def _is_stale(self, path: str, found: run_v2.Service) -> bool:
        at, newest, replaced = found.update_time, self._newest.get(path), self._replaced.get(path)
        if at is None or (newest is not None and at < newest) or (replaced is not None and at <= replaced):
            return newest is not None
        self._newest[path] = at
        return False

    def revision(self, path: str, name: str) -> run_v2.Revision | None:
        """The revision; None when it does not exist.

        https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services.revisions/get
        """
        from google.cloud import run_v2

        request = run_v2.GetRevisionRequest(name=f"{path}/revisions/{name}")
        doing = f"read the revision {name}"
        return found_or_none(
            lambda: self._calls.ask("get_revision", self._clients.revisions.get_revision, request, doing)
        )

    def revisions(self, path: str) -> list[run_v2.Revision]:
        """The newest ones, newest first."""
        from google.cloud import run_v2

        request = run_v2.ListRevisionsRequest(parent=path, page_size=NEWEST)
        doing = f"list the revisions of {short(path)}"
        pager = self._calls.ask("list_revisions", self._clients.revisions.list_revisions, request, doing)
        found = list(next(iter(pager.pages)).revisions)
        return sorted(found, key=lambda each: each.create_time, reverse=True)

    def all_revisions(self, path: str) -> list[run_v2.Revision]:
        """Every one, in no order; a service keeps a thousand at most (https://cloud.google.com/run/quotas)."""
        from google.cloud import run_v2

        request = run_v2.ListRevisionsRequest(parent=path, page_size=NEWEST)
        method, doing = self._clients.revisions.list_revisions, f"list the revisions of {short(path)}"
        pages = all_pages(self._calls, "list_revisions", method, request, doing)
        return [each for page in pages for each in page.revisions]

    def delete_revision(self, path: str) -> str:
        """Name of the operation.

        https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services.revisions/delete
        """
        from google.cloud import run_v2

        request = run_v2.DeleteRevisionRequest(name=path)
        doing = f"delete the revision {short(path)}"
        made = self._calls.ask("delete_revision", self._clients.revisions.delete_revision, request, doing)
        return str(made.operation.name)

    def create(self, path: str, service: run_v2.Service) -> str:
        """Name of the operation."""
        from google.cloud import run_v2

        parent, _, name = path.rpartition("/services/")
        request = run_v2.CreateServiceRequest(parent=parent, service=without_system_names(service), service_id=name)
        doing = f"create the service {name}"
        made = self._calls.ask("create_service", self._clients.services.create_service, request, doing)
        if made.metadata is not None:
            self._is_stale(path, made.metadata)
        return str(made.operation.name)

    def update(self, service: run_v2.Service, mask: list[str], doing: str) -> str:
        """Name of the operation. The service's etag goes with it: a change by someone else makes it ABORTED."""
        from google.cloud import run_v2

        request = run_v2.UpdateServiceRequest(service=without_system_names(service), update_mask={"paths": mask})
        made = self._calls.ask("update_service", self._clients.services.update_service, request, doing)
        if made.metadata is not None:
            self._is_stale(service.name, made.metadata)
        return str(made.operation.name)

    def wait_to_write(self) -> None:
        """Before a service is read that is to be changed, so that little time passes until it is."""
        self._calls.wait_to_write()

    def validate(self, service: run_v2.Service) -> None:
        """Would Cloud Run take it? Nothing is changed. Raises ApiError with its objection."""
        from google.cloud import run_v2

        request = run_v2.UpdateServiceRequest(
            service=without_system_names(service), update_mask={"paths": ["template"]}, validate_only=True
        )
        doing = f"change the service {short(service.name)}"
        self._calls.ask("validate_service", self._clients.services.update_service, request, doing)

    def policy(self, path: str) -> Policy:
        """The service's own IAM policy, at version 3, without which a condition is not shown.

        https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/getIamPolicy
        """
        from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest
        from google.iam.v1.options_pb2 import GetPolicyOptions

        request = GetIamPolicyRequest(resource=path, options=GetPolicyOptions(requested_policy_version=3))
        doing = f"read who may call {short(path)}"
        return self._calls.ask("get_service_policy", self._clients.services.get_iam_policy, request, doing)

    def set_policy(self, path: str, policy: Policy) -> None:
        """Its etag goes with it: a change by someone else makes it ABORTED.

        https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/setIamPolicy
        """
        from google.iam.v1.iam_policy_pb2 import SetIamPolicyRequest

        request = SetIamPolicyRequest(resource=path, policy=policy)
        doing = f"change who may call {short(path)}"
        self._calls.ask("set_service_policy", self._clients.services.set_iam_policy, request, doing)

    def permitted(self, path: str, permissions: Iterable[str]) -> frozenset[str]:
        """Those that the caller has on the service."""
        from google.iam.v1.iam_policy_pb2 import TestIamPermissionsRequest

        request = TestIamPermissionsRequest(resource=path, permissions=[*permissions])
        doing = f"ask what is permitted with {short(path)}"
        answer = self._calls.ask("test_permissions", self._clients.services.test_iam_permissions, request, doing)
        return frozenset(answer.permissions)

    def operation(self, name: str) -> Operation | None:
        """None when Cloud Run no longer knows it."""
        from google.longrunning.operations_pb2 import GetOperationRequest

        request = GetOperationRequest(name=name)
        doing = "read the progress of the change"
        return found_or_none(
            lambda: self._calls.ask("get_operation", self._clients.services.get_operation, request, doing)
        )


def all_pages(calls: Calls, name: str, method: Callable[..., Any], request: Any, doing: str) -> Iterator[Any]:
    """Each page of a list, by the rule of `name`: a client's pager asks for its further ones past all retries.

    Raises ApiError.
    """
    while True:
        page = next(iter(calls.ask(name, method, request, doing).pages))
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def found_or_none(ask: Callable[[], T]) -> T | None:
    """None where what is asked for does not exist. Raises ApiError."""
    try:
        return ask()
    except ApiError as error:
        if error.code is StatusCode.NOT_FOUND:
            return None
        raise
