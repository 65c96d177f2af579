"""What a project has and what the caller may do there, asked of Google's REST APIs before it is needed.

`testIamPermissions` answers for the caller itself, whatever grants it: a role of the resource or of anything above it,
a group, a condition (https://cloud.google.com/iam/docs/testing-permissions). What other accounts may do can only be
read from a policy, as far as that is readable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.iam_grants import Grant, grants_of
from deploy_lib.drivers.json_api import Json
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.status_code import StatusCode

Query = Mapping[str, str | Sequence[str]]

_TIMEOUT = 10.0  # seconds
_PROJECTS, _IAM = "cloudresourcemanager.googleapis.com", "iam.googleapis.com"


class ProjectAccess:
    """Of one project. All methods raise ApiError."""

    def __init__(self, calls: Calls, project: str) -> None:
        self._calls, self.project = calls, project

    def number(self) -> str:
        """The project's number, which names its default accounts."""
        return str(self._itself()["projectNumber"])

    def is_whole(self) -> bool:
        """Whether neither a folder nor an organisation stands above it, whose policy would count as well."""
        return not self._itself().get("parent")

    def grants(self) -> tuple[Grant, ...]:
        """The project's policy; what is granted above it is not in it."""
        doing = f"read who has which role in {self.project}"
        asked = {"options": {"requestedPolicyVersion": 3}}
        path = f"v1/projects/{self.project}:getIamPolicy"
        return grants_of(self._post("get_project_policy", _PROJECTS, path, asked, doing))

    def enabled(self, apis: Iterable[str]) -> frozenset[str]:
        """https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchGet; at most 30 of them."""
        parent = f"projects/{self.project}"
        found = self._get(
            "get_apis",
            "serviceusage.googleapis.com",
            f"v1/{parent}/services:batchGet",
            f"look which APIs are enabled in {self.project}",
            {"names": [f"{parent}/services/{api}" for api in apis]},
        )
        on = (each for each in found.get("services", ()) if each.get("state") == "ENABLED")
        return frozenset(each["name"].rpartition("/")[2] for each in on)

    def build_account(self) -> str:
        """The account as which builds run that name none; "" where the project has none.

        https://cloud.google.com/build/docs/api/reference/rest/v1/projects.locations/getDefaultServiceAccount
        """
        path = f"v1/projects/{self.project}/locations/global/defaultServiceAccount"
        doing = f"look up the account that builds in {self.project} run as"
        found = self._get("get_build_account", "cloudbuild.googleapis.com", path, doing)
        return str(found.get("serviceAccountEmail", "")).rpartition("/")[2]

    def held(self, permissions: Iterable[str]) -> frozenset[str]:
        """Those of the caller in the project."""
        path = f"v1/projects/{self.project}:testIamPermissions"
        return self._tested(_PROJECTS, path, permissions, f"ask what may be done in {self.project}")

    def held_on_account(self, account: str, permissions: Iterable[str]) -> frozenset[str] | None:
        """None for an account that is not there."""
        path = f"v1/projects/-/serviceAccounts/{account}:testIamPermissions"
        return self._unless_absent(
            lambda: self._tested(_IAM, path, permissions, f"ask what may be done with {account}")
        )

    def held_on_repository(self, repository: str, permissions: Iterable[str]) -> frozenset[str] | None:
        """`repository` as in projects/P/locations/L/repositories/R; None for one that is not there."""
        host, path = "artifactregistry.googleapis.com", f"v1/{repository}"
        doing = f"look up the repository {repository.rpartition('/')[2]}"

        def ask() -> frozenset[str]:
            self._get("get_repository", host, path, doing)
            return self._tested(host, f"{path}:testIamPermissions", permissions, doing)

        return self._unless_absent(ask)

    def held_on_bucket(self, bucket: str, permissions: Iterable[str]) -> frozenset[str] | None:
        """None for a bucket that is not there.

        https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions
        """
        path, doing = f"storage/v1/b/{bucket}/iam/testPermissions", f"ask what may be done in gs://{bucket}"
        asked = {"permissions": list(permissions)}

        def ask() -> frozenset[str]:
            found = self._get("test_permissions", "storage.googleapis.com", path, doing, asked)
            return frozenset(found.get("permissions", ()))

        return self._unless_absent(ask)

    def has_bucket(self, bucket: str) -> bool:
        """Whether a bucket of that name is the project's: names are global, and another project may have taken one.

        https://cloud.google.com/storage/docs/json_api/v1/buckets/list
        """
        doing, asked = f"look up the bucket gs://{bucket}", {"project": self.project, "prefix": bucket}
        found = self._get("get_bucket", "storage.googleapis.com", "storage/v1/b", doing, asked)
        return any(each.get("name") == bucket for each in found.get("items", ()))

    def _itself(self) -> Json:
        doing = f"look up the project {self.project}"
        found = self._get("get_project", _PROJECTS, f"v1/projects/{self.project}", doing)
        if "projectNumber" not in found:
            raise ApiError(StatusCode.UNKNOWN, "", f"could not {doing}: the answer does not describe one")
        return found

    def _tested(self, host: str, path: str, permissions: Iterable[str], doing: str) -> frozenset[str]:
        found = self._post("test_permissions", host, path, {"permissions": list(permissions)}, doing)
        return frozenset(found.get("permissions", ()))

    def _unless_absent(self, ask: Callable[[], frozenset[str]]) -> frozenset[str] | None:
        try:
            return ask()
        except ApiError as problem:
            if problem.code is StatusCode.NOT_FOUND:
                return None
            raise

    def _get(self, name: str, host: str, path: str, doing: str, query: Query | None = None) -> Json:
        return self._ask(name, "GET", host, path, doing, query=query)

    def _post(self, name: str, host: str, path: str, body: Json, doing: str) -> Json:
        return self._ask(name, "POST", host, path, doing, body=json.dumps(body).encode())

    def _ask(self, name: str, verb: str, host: str, path: str, doing: str, **more: Any) -> Json:
        api = self._calls.clients.json_api
        return self._calls.make(name, lambda: api.ask(verb, host, f"/{path}", timeout=_TIMEOUT, **more), doing).body
