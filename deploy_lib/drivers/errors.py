"""What the Google clients raise, in plain words: what could not be done, why, and what to type.

Status codes decide, never texts, with four exceptions that have no code of their own: refusals that mean "this API is
off" and "these calls count for no project", a connection that was never made, and credentials that could not be
refreshed (gRPC tells both of the latter as UNAVAILABLE).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import assert_never

from deploy_lib.drivers.credentials import REMEDY
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.network import CA_FILE
from deploy_lib.drivers.permissions import NEEDED, permission_in
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.token_failures import PLUGIN, is_of_token, may_come_later
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.program import PROGRAM, Invocation
from deploy_lib.model.roles import grant, name_of

_BY_HTTP = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    408: StatusCode.DEADLINE_EXCEEDED,
    409: StatusCode.ABORTED,
    412: StatusCode.FAILED_PRECONDITION,
    429: StatusCode.RESOURCE_EXHAUSTED,
    499: StatusCode.CANCELLED,
    500: StatusCode.INTERNAL,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
PASSING = frozenset(
    {
        StatusCode.UNAVAILABLE,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.INTERNAL,
        StatusCode.ABORTED,
        StatusCode.RESOURCE_EXHAUSTED,
        StatusCode.UNSENT,
    }
)
"""Codes after which the same call may succeed a little later."""
PASSES_WITHIN = 300.0
"""Seconds. Most outages of one region's control plane that pass at all have passed by then."""
RESTARTED_WITHIN = 60.0
"""Seconds for somebody to start a local cloud again."""

MAYBE_DONE = frozenset(
    {
        StatusCode.UNAVAILABLE,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.INTERNAL,
        StatusCode.UNKNOWN,
        StatusCode.CANCELLED,
    }
)
"""Codes after which the call may or may not have had its effect."""

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
_NO_CONNECTION = re.compile(r"failed to connect|connection refused|name resolution|dns|no route|connection error", re.I)
_UNTRUSTED = re.compile(r"certificate.?verify.?failed|self.signed certificate|unable to get local issuer", re.I)
_OFF = re.compile(r"SERVICE_DISABLED|has not been used in project|it is disabled")
_NO_QUOTA_PROJECT = re.compile(r"requires a quota project|quota project, which is not set")
_GCLOUD = "764086051850"
"""The number of gcloud's own project, for which the calls of a login count that names none."""
_USE_QUOTAS = "serviceusage.services.use"


class ApiError(DriverError):
    """A DriverError of a call to Google. `code` is the gRPC status by name, or UNSENT; `message` Google's message.

    `retry_after` are the seconds that it asks to wait, if it does. `by_the_minute`: a quota is used up that has room
    again within a minute.
    """

    def __init__(
        self, code: StatusCode, message: str, reason: str, remedy: str = "", *, evidence: Evidence | None = None
    ) -> None:
        super().__init__(reason, remedy)
        self.code = code
        self.message = message
        self.evidence = evidence
        self.retry_after: float | None = None
        self.by_the_minute = False
        self.may_pass_within = PASSES_WITHIN if code in PASSING else 0.0

    @property
    def maybe_done(self) -> bool:
        """Whether the call may have had its effect although it failed."""
        return self.code in MAYBE_DONE

    @property
    def is_stale(self) -> bool:
        """Whether a write was refused since somebody else wrote after it was read."""
        by_etag = self.code is StatusCode.FAILED_PRECONDITION and "etag" in self.message.lower()
        return self.code is StatusCode.ABORTED or by_etag


def is_quota(problem: Exception) -> bool:
    """Whether a call was refused as too many were made in this minute."""
    used_up = isinstance(problem, ApiError) and problem.code is StatusCode.RESOURCE_EXHAUSTED
    return used_up and not spent_for_good(str(problem))


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


def code_of(error: Exception) -> StatusCode:
    """The gRPC status by name, whichever library raised it.

    UNSENT when no connection was made, or no token could be had that may be had a little later.
    """
    from google.api_core import exceptions

    if is_of_token(error):
        return StatusCode.UNSENT if may_come_later(error) else StatusCode.UNAUTHENTICATED
    if isinstance(error, exceptions.GoogleAPICallError):
        status = getattr(error, "grpc_status_code", None)
        by_http = _BY_HTTP.get(int(error.code or 0), StatusCode.UNKNOWN)
        code = StatusCode(status.name) if status is not None else by_http
        if isinstance(error, exceptions.AlreadyExists):
            code = StatusCode.ALREADY_EXISTS
        unsent = code is StatusCode.UNAVAILABLE and _NO_CONNECTION.search(error.message or "")
        return StatusCode.UNSENT if unsent else code
    name = type(error).__name__
    if name in ("ConnectionError", "ConnectTimeout", "MaxRetryError", "ProxyError", "SSLError"):
        return (
            StatusCode.UNSENT
            if _NO_CONNECTION.search(str(error)) or name == "ConnectTimeout"
            else StatusCode.UNAVAILABLE
        )
    if name in ("Timeout", "ReadTimeout", "RetryError"):
        return StatusCode.DEADLINE_EXCEEDED
    return StatusCode.UNKNOWN


def translated(error: Exception, call: ApiCall) -> ApiError:
    """Never raises."""
    code, message = code_of(error), _words(error)
    metadata = _metadata(error)
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


def is_by_the_minute(error: Exception) -> bool:
    """Whether a quota is used up that has room again within a minute (google.rpc.ErrorInfo, or Google's words)."""
    by_minute = _metadata(error).get("reason") == "RATE_LIMIT_EXCEEDED" or "per minute" in str(error)
    return by_minute and code_of(error) is StatusCode.RESOURCE_EXHAUSTED


def retry_delay(error: Exception) -> float | None:
    """Seconds that the server asks the client to wait (google.rpc.RetryInfo)."""
    for detail in getattr(error, "details", None) or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds) + float(delay.nanos) / 1e9
    return None


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


def spent_for_good(message: str) -> bool:
    """A limit of how many may exist at all: a thousand revisions, say. Others are of a minute and pass."""
    return bool(re.search(r"\b\d+ revisions\b|revision limit|(?:maximum|limit|number) of revisions", message, re.I))


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


def _metadata(error: Exception) -> dict[str, str]:
    """What google.rpc.ErrorInfo adds: reason, service, permission."""
    for detail in getattr(error, "details", None) or ():
        if hasattr(detail, "metadata") and hasattr(detail, "reason"):
            return {**dict(detail.metadata), "reason": str(detail.reason)}
    return {}


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
