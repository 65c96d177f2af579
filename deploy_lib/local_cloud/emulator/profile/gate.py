"""What a call passes before it is answered: the time it takes, its quota, and the permission of its caller."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.rpc.error_details_pb2 import ErrorInfo

from ..wire.caller import caller, counted_in
from ..wire.method import RpcRefusal
from .grants import Grants
from .profile import Profile
from .quotas import QuotaMeter
from .roles import ACT_AS, NEEDED, SET_POLICY, USE_QUOTAS

_PROJECT, _REGION = re.compile(r"projects/([a-z0-9-]+)"), re.compile(r"/locations/([a-z0-9-]+)")
_NAMES = ("name", "parent", "resource", "project_id", "log_name")
_APIS = {name: f"{name}.googleapis.com" for name in ("run", "cloudbuild", "secretmanager", "monitoring", "logging")}
_GCLOUD = "projects/764086051850"
"""gcloud's own project, for which the calls of a login count that names none."""
_CHANGES = ("CreateService", "UpdateService", "CreateJob", "UpdateJob")


@dataclass(frozen=True, slots=True)
class Gate:
    """May be used from any thread. `pause` waits some seconds, or until the local cloud ends."""

    profile: Profile
    meter: QuotaMeter
    grants: Grants
    pause: Callable[[float], object]

    def admit(self, method: str, request: Any) -> None:
        """Raises RpcRefusal RESOURCE_EXHAUSTED or PERMISSION_DENIED."""
        if self.profile.call_seconds:
            self.pause(self.profile.call_seconds)
        resource = _resource(request)
        project, region = _PROJECT.search(resource), _REGION.search(resource)
        self.meter.take(method, project[1] if project else resource, region[1] if region else "")
        if self.profile.check_callers:
            self._check(method, resource, request)

    def refusal(self, method: str, resource: str) -> str | None:
        """Of an HTTP handler such as storage.objects.insert: the sentence with which it is refused."""
        permission = NEEDED.get(method)
        if not self.profile.check_callers or permission is None or self.grants.allows(caller(), permission):
            return None
        return (
            f"{caller()} does not have {permission} access to the Google Cloud Storage {resource}. Permission "
            f"'{permission}' denied on resource (or it may not exist)."
        )

    def _check(self, method: str, resource: str, request: Any) -> None:
        counted = counted_in()
        if counted == "":
            raise _uncounted(method)
        if counted is not None and not self.grants.allows(caller(), USE_QUOTAS):
            raise _may_not_count(counted)
        permission = NEEDED.get(method)
        if permission is not None and not self.grants.allows(caller(), permission):
            raise _denied(permission, _sentence(method, permission, resource), resource)
        if method.endswith("CloudBuild/CreateBuild") and not self.grants.allows(caller(), ACT_AS):
            account = request.build.service_account or "the project's default account for builds"
            raise _denied(ACT_AS, f"caller does not have permission to act as service account {account}", account)
        if method.rpartition("/")[2] in _CHANGES and ".run." in method:
            if method.endswith("Job"):
                account = request.job.template.template.service_account
            else:
                account = request.service.template.service_account
                if request.service.invoker_iam_disabled and not self.grants.allows(caller(), SET_POLICY):
                    raise _denied(SET_POLICY, _sentence(method, SET_POLICY, resource), resource)
            if account and not self.grants.allows(caller(), ACT_AS):
                sentence = f"Permission '{ACT_AS}' denied on service account {account} (or it may not exist)."
                raise _denied(ACT_AS, sentence, account)


def _sentence(method: str, permission: str, resource: str) -> str:
    """Each API has its own words."""
    if ".cloudbuild." in method:
        return "The caller does not have permission"
    if ".secretmanager." in method:
        return f"Permission '{permission}' denied for resource '{resource}' (or it may not exist)."
    if ".monitoring." in method:
        return f"Permission {permission} denied (or the resource may not exist)."
    if ".logging." in method:
        return f"Permission denied for all log views. Permission '{permission}' denied (or it may not exist)."
    return f"Permission '{permission}' denied on resource '{resource}' (or resource may not exist)."


def _uncounted(method: str) -> RpcRefusal:
    """As reported, e.g. in https://github.com/GoogleCloudPlatform/cloud-foundation-fabric/issues/2622."""
    api = next((api for package, api in _APIS.items() if f".{package}." in method), "run.googleapis.com")
    sentence = (
        "Your application is authenticating by using local Application Default Credentials. The "
        f"{api} API requires a quota project, which is not set by default. To learn how to set your quota project, "
        "see https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds ."
    )
    metadata = {"service": api, "consumer": _GCLOUD}
    info = ErrorInfo(reason="SERVICE_DISABLED", domain="googleapis.com", metadata=metadata)
    return RpcRefusal("PERMISSION_DENIED", sentence, (info,))


def _may_not_count(project: str) -> RpcRefusal:
    sentence = (
        f"Caller does not have required permission to use project {project}. Grant the caller the "
        f"roles/serviceusage.serviceUsageConsumer role, or a custom role with the {USE_QUOTAS} permission."
    )
    metadata = {"consumer": f"projects/{project}"}
    info = ErrorInfo(reason="USER_PROJECT_DENIED", domain="googleapis.com", metadata=metadata)
    return RpcRefusal("PERMISSION_DENIED", sentence, (info,))


def _denied(permission: str, message: str, resource: str) -> RpcRefusal:
    info = ErrorInfo(
        reason="IAM_PERMISSION_DENIED",
        domain="iam.googleapis.com",
        metadata={"permission": permission, "resource": resource},
    )
    return RpcRefusal("PERMISSION_DENIED", message, (info,))


def _resource(request: Any) -> str:
    """The name of what is asked for, whichever field has it."""
    for field in ("service", "job"):
        if name := getattr(getattr(request, field, None), "name", ""):
            return str(name)
    for field in _NAMES:
        value = getattr(request, field, "")
        if isinstance(value, str) and value:
            return value
    return next(iter(getattr(request, "resource_names", ())), "")
