"""What could not be done, why, and what to type, in plain words. Of an error that a Google client raised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import assert_never

from deploy_lib.drivers.credentials import REMEDY
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.errors import (
    ApiError,
    code_of,
    is_by_the_minute,
    metadata_of,
    retry_delay,
    spent_for_good,
)
from deploy_lib.drivers.network import CA_FILE
from deploy_lib.drivers.permissions import NEEDED, permission_in
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.token_failures import PLUGIN, is_of_token
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.program import PROGRAM, Invocation
from deploy_lib.model.roles import grant, name_of

RESTARTED_WITHIN = 60.0
"""Seconds for somebody to start a local cloud again."""

_REFUSALS = {
    StatusCode.INVALID_ARGUMENT: 3,
    StatusCode.NOT_FOUND: 5,
    StatusCode.PERMISSION_DENIED: 7,
    StatusCode.RESOURCE_EXHAUSTED: 8,
    StatusCode.FAILED_PRECONDITION: 9,
}
"""Answers that say no, with the numbers of google.rpc.Code."""

_ACT_AS = re.compile(r"act as service account (?:projects/[^/\s]+/serviceAccounts/)?(\S+?)[.,;]?(?:\s|$)")
_OTHER_LACKS = re.compile(r"(\S+@\S+) does not have ([a-z]+(?:\.[a-zA-Z]+){2}) access")
_API = re.compile(r"([a-z]+\.googleapis\.com)")
_UNTRUSTED = re.compile(r"certificate.?verify.?failed|self.signed certificate|unable to get local issuer", re.I)
_OFF = re.compile(r"SERVICE_DISABLED|has not been used in project|it is disabled")
_NO_QUOTA_PROJECT = re.compile(r"requires a quota project|quota project, which is not set")
_GCLOUD = "764086051850"
"""The number of gcloud's own project, for which the calls of a login count that names none."""
_USE_QUOTAS = "serviceusage.services.use"


@dataclass(frozen=True, slots=True)
class ApiCall:
    """What was being done. `method` is the client's method by name, `doing` as in "could not read the service x".

    `account` is whom a policy names for the caller.
    """

    method: str
    doing: str
    project: str
    endpoints: Endpoints = Endpoints()
    account: str | None = None
    program: Invocation = PROGRAM
    counted_in: str | None = None


def translated(error: Exception, call: ApiCall) -> ApiError:
    """Never raises."""
    code, message = code_of(error), _words(error)
    metadata = metadata_of(error)
    if code is StatusCode.UNSENT and is_of_token(error):
        reason, remedy = f"no access token could be had ({message})", connect(message)
    else:
        reason, remedy = _reason_and_remedy(code, message, call, metadata)
    evidence = _evidence(code, message, call, metadata)
    problem = ApiError(code, message, f"could not {call.doing}: {reason}", remedy, evidence=evidence)
    problem.retry_after = retry_delay(error)
    problem.by_the_minute = is_by_the_minute(error)
    if code == StatusCode.UNSENT and call.endpoints.local:
        problem.may_pass_within = RESTARTED_WITHIN
    return problem


def _reason_and_remedy(code: StatusCode, message: str, call: ApiCall, metadata: dict[str, str]) -> tuple[str, str]:
    """(why, remedy) as whole clauses."""
    local, command = call.endpoints.grpc, call.program.command("local", "up")
    if local and code in (StatusCode.UNSENT, StatusCode.UNAVAILABLE):
        return f"the local cloud at {local} does not answer", f"start it with: {command}"
    if _lacks_quota_project(code, message, metadata):
        remedy = f"type: gcloud auth application-default set-quota-project {call.project}"
        return f"the login names no project that its calls count for ({message})", remedy
    if _is_off(code, message, metadata):
        api, project = metadata.get("service") or _first(_API, message) or "the API", _consumer(metadata, call)
        return f"{api} is not enabled in project {project}", f"type: gcloud services enable {api} --project {project}"
    match code:
        case StatusCode.PERMISSION_DENIED:
            permission = _permission(message, call, metadata)
            who = name_of(call.account, "the account used")
            if acted_for := _first(_ACT_AS, message):
                named = acted_for if "@" in acted_for else None
                command = grant(call.project, call.account, "iam.serviceaccounts.actAs", on_account=named)
                return f"{who} may not act as {acted_for}: {message}", f"let someone who may grant it: {command}"
            if permission is None:
                return f"{who} lacks permission: {message}", "ask someone who administers the project"
            project = _consumer(metadata, call) if permission == _USE_QUOTAS else call.project
            remedy = f"let someone who may grant it: {grant(project, call.account, permission)}"
            return f"{who} lacks the permission {permission}", remedy
        case StatusCode.UNAUTHENTICATED:
            return f"Google did not accept the credentials ({message})", REMEDY
        case StatusCode.NOT_FOUND:
            return (
                f"it does not exist ({message})",
                f"check that the project {call.project}, the region and the names are right",
            )
        case StatusCode.RESOURCE_EXHAUSTED:
            if spent_for_good(message):
                return f"a limit is reached ({message})", "delete what is no longer needed; waiting does not help"
            page = f"https://console.cloud.google.com/iam-admin/quotas?project={call.project}"
            more = "" if local else f", or ask for more: {page}"
            return f"a quota or limit is used up ({message})", f"try again in a minute{more}"
        case StatusCode.ABORTED:
            return f"someone else changed it at the same time ({message})", "try again"
        case StatusCode.DEADLINE_EXCEEDED:
            return "Google did not answer in time", "try again; https://status.cloud.google.com lists outages"
        case StatusCode.UNSENT:
            return f"no connection to Google could be made ({message})", connect(message)
        case StatusCode.UNAVAILABLE | StatusCode.INTERNAL | StatusCode.UNKNOWN:
            remedy = "try again; https://status.cloud.google.com lists outages"
            return f"Google answered {code}: {message}", remedy
        case (
            StatusCode.INVALID_ARGUMENT
            | StatusCode.FAILED_PRECONDITION
            | StatusCode.ALREADY_EXISTS
            | StatusCode.OUT_OF_RANGE
        ):
            return message or f"Google answered {code}", _grant_to_other(message, call)
        case StatusCode.OK | StatusCode.CANCELLED | StatusCode.UNIMPLEMENTED | StatusCode.DATA_LOSS:
            return f"{code}: {message}", ""
        case _:
            assert_never(code)


def connect(message: str) -> str:
    """What to do where nothing could be sent."""
    if _UNTRUSTED.search(message):
        return f"{CA_FILE} names the certificates to trust: let its file hold that of whoever signs connections here"
    return "check the network connection, the proxy and the firewall"


def _grant_to_other(message: str, call: ApiCall) -> str:
    """For a refusal that was met by another account than the caller's, such as the one that builds; else empty."""
    found = _OTHER_LACKS.search(message)
    if found is None:
        return ""
    return f"let someone who may grant it: {grant(call.project, found[1], found[2])}"


def _evidence(code: StatusCode, message: str, call: ApiCall, metadata: dict[str, str]) -> Evidence | None:
    """Of a refusal only: what did not answer, or may answer in a minute, tells nothing of a cause."""
    if code not in _REFUSALS or _is_off(code, message, metadata) or _lacks_quota_project(code, message, metadata):
        return None
    permission = _permission(message, call, metadata) if code is StatusCode.PERMISSION_DENIED else None
    return Evidence(
        operation_code=_REFUSALS[code], operation_message=message, caller=call.account, permission=permission
    )


def _is_off(code: StatusCode, message: str, metadata: dict[str, str]) -> bool:
    """The API is not enabled in the project, which no permission can mend."""
    off = _OFF.search(message) or metadata.get("reason") == "SERVICE_DISABLED"
    return code is StatusCode.PERMISSION_DENIED and bool(off) and not _lacks_quota_project(code, message, metadata)


def _lacks_quota_project(code: StatusCode, message: str, metadata: dict[str, str]) -> bool:
    """Told by Google as an API that is off in gcloud's own project."""
    gcloud = metadata.get("consumer") == f"projects/{_GCLOUD}"
    return code is StatusCode.PERMISSION_DENIED and (gcloud or bool(_NO_QUOTA_PROJECT.search(message)))


def _consumer(metadata: dict[str, str], call: ApiCall) -> str:
    """The project that the call counted for, by its id: Google tells a number that the caller need not know."""
    told = metadata.get("consumer", "").removeprefix("projects/")
    return told if told and not told.isdigit() else call.counted_in or call.project


def _permission(message: str, call: ApiCall, metadata: dict[str, str]) -> str | None:
    if metadata.get("reason") == "USER_PROJECT_DENIED" or "permission to use project" in message:
        return _USE_QUOTAS
    return metadata.get("permission") or permission_in(message) or NEEDED.get(call.method)


def _words(error: Exception) -> str:
    """Google's message in one line, without the trailing stop."""
    text = str(getattr(error, "message", "") or error).strip()
    return " ".join(text.removeprefix(PLUGIN).split()).rstrip(".")[:600]


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
