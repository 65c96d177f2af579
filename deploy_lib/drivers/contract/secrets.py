"""Each secret the service is given: does it exist, has it the version, is that enabled, may the service read it.

Values are never read. An error is what is proven; what the caller may not look at is not known, and said to be so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.contract.readers import Access, Judgement, judge_access
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.iam_grants import Grant, grants_in
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_access import ProjectAccess
from deploy_lib.drivers.services.environment import secret_parts
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.roles import grant_on_secret

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class SecretCheck:
    """`account` is the one the service runs as; None when that is not known."""

    calls: Calls
    project: str
    account: str | None
    found: ContractFound
    _projects: dict[str, _Above] = field(default_factory=dict)

    def check(self, secrets: Mapping[str, str]) -> None:
        """`secrets` maps a variable to "name:version"."""
        for variable, wanted in secrets.items():
            name, version = secret_parts(wanted)
            path = name if name.startswith("projects/") else f"projects/{self.project}/secrets/{name}"
            try:
                if self._has_version(variable, path, version):
                    self._check_reader(path)
            except ApiError as error:
                self.found.unknown.append(f"the secret of {variable}: {error.reason}")

    def _has_version(self, variable: str, path: str, version: str) -> bool:
        from google.cloud.secretmanager_v1 import GetSecretVersionRequest, SecretVersion

        client, name = self.calls.clients.secrets, path.rpartition("/")[2]
        request = GetSecretVersionRequest(name=f"{path}/versions/{version}")
        doing = f"look at version {version} of the secret {name}"
        try:
            found = self.calls.ask("get_secret_version", client.get_secret_version, request, doing)
        except ApiError as error:
            if error.code not in (StatusCode.NOT_FOUND, StatusCode.FAILED_PRECONDITION):
                raise
            self._absent(variable, path, version)
            return False
        if found.state != SecretVersion.State.ENABLED:
            message = f"{variable}: version {version} of the secret {name} is {found.state.name.lower()}"
            number = found.name.rpartition("/")[2]
            fix = f"gcloud secrets versions enable {number} --secret={name} --project={_project(path)}"
            self.found.findings.append(Finding(Code.SECRET_VERSION_DISABLED, Severity.ERROR, message, fix=fix))
            return False
        self.found.checked.append(f"{variable}: the secret {name} has version {version}")
        return True

    def _absent(self, variable: str, path: str, version: str) -> None:
        from google.cloud.secretmanager_v1 import GetSecretRequest

        client, name = self.calls.clients.secrets, path.rpartition("/")[2]
        try:
            doing = f"look at the secret {name}"
            self.calls.ask("get_secret", client.get_secret, GetSecretRequest(name=path), doing)
        except ApiError as error:
            if error.code is not StatusCode.NOT_FOUND:
                raise
            message = f"{variable}: there is no secret {name} in project {_project(path)}"
            fix = f"gcloud secrets create {name} --project={_project(path)} --data-file=FILE"
            self.found.findings.append(Finding(Code.SECRET_MISSING, Severity.ERROR, message, fix=fix))
            return
        message = f"{variable}: the secret {name} has no version {version}"
        fix = f"gcloud secrets versions add {name} --project={_project(path)} --data-file=FILE"
        self.found.findings.append(Finding(Code.SECRET_VERSION_MISSING, Severity.ERROR, message, fix=fix))

    def _check_reader(self, path: str) -> None:
        name = path.rpartition("/")[2]
        if self.account is None:
            self.found.unknown.append(f"whether the service may read {name}: its account is not known")
            return
        judgement = self._judge_access(path, name)
        if judgement is None:
            return
        if judgement.access is Access.GRANTED:
            self.found.checked.append(f"{self.account} may read {name}")
        elif judgement.access is Access.UNKNOWN:
            self.found.unknown.append(f"whether {self.account} may read {name}: {judgement.why}")
        else:
            message = f"{self.account} may not read the secret {name}"
            fix = grant_on_secret(name, _project(path), self.account)
            self.found.findings.append(Finding(Code.SECRET_NO_ACCESS, Severity.ERROR, message, fix=fix))

    def _judge_access(self, path: str, name: str) -> Judgement | None:
        """None for a secret of the local cloud that has no policy of its own: it is open to every account."""
        assert self.account is not None
        own = self._policy_of(path, name)
        if self.calls.clients.endpoints.local:
            return judge_access(self.account, own, (), whole=True) if own else None
        above = self._above(_project(path))
        return judge_access(self.account, own, above.grants, whole=above.whole)

    def _policy_of(self, path: str, name: str) -> list[Grant]:
        """Asked at version 3, without which a condition is not shown.

        https://cloud.google.com/iam/docs/policies#specifying-version-get
        """
        from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest
        from google.iam.v1.options_pb2 import GetPolicyOptions

        client = self.calls.clients.secrets
        request = GetIamPolicyRequest(resource=path, options=GetPolicyOptions(requested_policy_version=3))
        policy = self.calls.ask("get_secret_policy", client.get_iam_policy, request, f"read who may read {name}")
        return grants_in(policy)

    def _above(self, project: str) -> _Above:
        """The policy of the secret's project, asked for once."""
        if project not in self._projects:
            self._projects[project] = self._read_project(project)
        return self._projects[project]

    def _read_project(self, project: str) -> _Above:
        access = ProjectAccess(self.calls, project)
        try:
            grants = access.grants()
        except ApiError:
            grants = None
        try:
            whole = access.is_whole()
        except ApiError:
            whole = False
        return _Above(grants, whole)


@dataclass(frozen=True, slots=True)
class _Above:
    """`grants` is None for a policy that may not be read. `whole`: the project has no folder or organisation above."""

    grants: tuple[Grant, ...] | None
    whole: bool


def _project(path: str) -> str:
    return path.split("/")[1]
