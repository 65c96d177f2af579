"""Each secret the service is given: does it exist, has it the version, is that enabled, may the service read it.

Values are never read. What the caller may not look at is not known, and said to be so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services.template import secret_parts
from deploy_lib.model.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCESSORS = ("roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner")
_POLICIES = "https://cloudresourcemanager.googleapis.com/v1/projects/{project}:getIamPolicy"


@dataclass(slots=True)
class SecretCheck:
    """`account` is the one the service runs as; None when that is not known."""

    calls: Calls
    project: str
    account: str | None
    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    _project_members: set[str] | None = None
    _asked: bool = False

    def check(self, secrets: Mapping[str, str]) -> None:
        """`secrets` maps a variable to "name:version"."""
        for variable, wanted in secrets.items():
            name, version = secret_parts(wanted)
            path = name if name.startswith("projects/") else f"projects/{self.project}/secrets/{name}"
            try:
                if self._has_version(variable, path, version):
                    self._check_reader(path)
            except ApiError as error:
                self.unknown.append(f"the secret of {variable}: {error.reason}")

    def _has_version(self, variable: str, path: str, version: str) -> bool:
        from google.cloud.secretmanager_v1 import GetSecretVersionRequest, SecretVersion

        client, name = self.calls.clients.secrets, path.rpartition("/")[2]
        request = GetSecretVersionRequest(name=f"{path}/versions/{version}")
        doing = f"look at version {version} of the secret {name}"
        try:
            found = self.calls.ask("get_secret_version", client.get_secret_version, request, doing)
        except ApiError as error:
            if error.code not in ("NOT_FOUND", "FAILED_PRECONDITION"):
                raise
            self._absent(variable, path, version)
            return False
        if found.state != SecretVersion.State.ENABLED:
            message = f"{variable}: version {version} of the secret {name} is {found.state.name.lower()}"
            number = found.name.rpartition("/")[2]
            fix = f"gcloud secrets versions enable {number} --secret={name} --project={_project(path)}"
            self.findings.append(Finding("secret_version_disabled", Severity.ERROR, message, fix=fix))
            return False
        self.checked.append(f"{variable}: the secret {name} has version {version}")
        return True

    def _absent(self, variable: str, path: str, version: str) -> None:
        from google.cloud.secretmanager_v1 import GetSecretRequest

        client, name = self.calls.clients.secrets, path.rpartition("/")[2]
        try:
            doing = f"look at the secret {name}"
            self.calls.ask("get_secret", client.get_secret, GetSecretRequest(name=path), doing)
        except ApiError as error:
            if error.code != "NOT_FOUND":
                raise
            message = f"{variable}: there is no secret {name} in project {_project(path)}"
            fix = f"gcloud secrets create {name} --project={_project(path)} --data-file=FILE"
            self.findings.append(Finding("secret_missing", Severity.ERROR, message, fix=fix))
            return
        message = f"{variable}: the secret {name} has no version {version}"
        fix = f"gcloud secrets versions add {name} --project={_project(path)} --data-file=FILE"
        self.findings.append(Finding("secret_version_missing", Severity.ERROR, message, fix=fix))

    def _check_reader(self, path: str) -> None:
        """Groups are not looked into: where one may read the secret, nothing is claimed."""
        name = path.rpartition("/")[2]
        if self.account is None:
            self.unknown.append(f"whether the service may read {name}: its account is not known")
            return
        from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest

        client = self.calls.clients.secrets
        request = GetIamPolicyRequest(resource=path)
        policy = self.calls.ask("get_secret_policy", client.get_iam_policy, request, f"read who may read {name}")
        members = {member for binding in policy.bindings if binding.role in ACCESSORS for member in binding.members}
        if not self.calls.clients.endpoints.local:
            project = self._members_of_project()
            if project is None and not self._among(members):
                self.unknown.append(f"whether {self.account} may read {name}: the project's policy could not be read")
                return
            members |= project or set()
        elif not policy.bindings:
            return  # a local cloud has no policy of the project; a secret without one of its own is open
        if self._among(members):
            self.checked.append(f"{self.account} may read {name}")
            return
        if any(member.startswith(("group:", "domain:", "principalSet:")) for member in members):
            self.unknown.append(f"whether {self.account} may read {name}: that depends on a group")
            return
        message = f"{self.account} may not read the secret {name}"
        fix = (
            f"gcloud secrets add-iam-policy-binding {name} --project={_project(path)} "
            f"--member=serviceAccount:{self.account} --role={ACCESSORS[0]}"
        )
        self.findings.append(Finding("secret_no_access", Severity.ERROR, message, fix=fix))

    def _among(self, members: set[str]) -> bool:
        return bool(members & {f"serviceAccount:{self.account}", "allUsers", "allAuthenticatedUsers"})

    def _members_of_project(self) -> set[str] | None:
        """Those whom the project's own policy lets read all its secrets; None when it may not be read."""
        if not self._asked:
            self._asked = True
            self._project_members = self._read_project_policy()
        return self._project_members

    def _read_project_policy(self) -> set[str] | None:
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession
        from requests.exceptions import RequestException

        try:
            with AuthorizedSession(self.calls.clients.credentials) as http:
                answer: Any = http.post(_POLICIES.format(project=self.project), json={}, timeout=10)
            bindings = answer.json().get("bindings", []) if answer.status_code == 200 else None
        except (GoogleAuthError, RequestException, ValueError):
            return None
        if bindings is None:
            return None
        return {member for each in bindings if each.get("role") in ACCESSORS for member in each.get("members", ())}


def _project(path: str) -> str:
    return path.split("/")[1]
