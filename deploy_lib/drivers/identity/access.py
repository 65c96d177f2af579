"""Whether a service takes requests without an identity token, and which audience its tokens are for.

https://cloud.google.com/run/docs/authenticating/public, https://cloud.google.com/run/docs/configuring/custom-audiences
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.iam_grants import Grant, grants_in
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.roles import INVOKERS

if TYPE_CHECKING:
    from google.cloud import run_v2

_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """`audience` is empty where the service has neither a URL nor a custom audience.

    `public`: somebody without a name may invoke it, by what could be read. That nothing was read which says so proves
    little: the role may be granted on the project or above.
    """

    audience: str
    public: bool


def access_of(service: run_v2.Service, grants: Iterable[Grant]) -> ServiceAccess:
    """`grants` are those of the service's own policy, none where that could not be read. Pure."""
    everybody = any(each.role in INVOKERS and "allUsers" in each.members and not each.conditional for each in grants)
    audiences = [*service.custom_audiences, *([service.uri] if service.uri else [])]
    return ServiceAccess(audiences[0] if audiences else "", service.invoker_iam_disabled or everybody)


def read_access(clients: Clients, path: str) -> ServiceAccess:
    """One try, since requests wait for it. Raises DriverError."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import run_v2

    request = run_v2.GetServiceRequest(name=path)
    try:
        service = clients.services.get_service(request=request, retry=None, timeout=_TIMEOUT)
        return access_of(service, read_grants(clients, path))
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise DriverError(f"how the service may be called could not be read: {error}") from error


def read_grants(clients: Clients, path: str) -> list[Grant]:
    """Of the service's own policy, at version 3, without which a condition is not shown; none where not readable."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest
    from google.iam.v1.options_pb2 import GetPolicyOptions

    request = GetIamPolicyRequest(resource=path, options=GetPolicyOptions(requested_policy_version=3))
    try:
        policy = clients.services.get_iam_policy(request=request, retry=None, timeout=_TIMEOUT)
    except GoogleAPICallError:
        return []
    return grants_in(policy)
