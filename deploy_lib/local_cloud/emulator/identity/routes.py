"""The token endpoints on the HTTP port, as google-auth asks them, without anything of its own.

- the metadata server (GCE_METADATA_HOST): https://cloud.google.com/compute/docs/metadata/overview
- STS, `/v1/token`: https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
- OAuth, `/token`: key files and logins, https://developers.google.com/identity/protocols/oauth2/service-account
- IAM Credentials, `generateAccessToken` and `generateIdToken`:
  https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts

Whoever asks for a token of an account in its own name gets it: keys, logins and subject tokens are not checked. To act
for another account needs the permission, where the profile asks for permissions.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ...metadata_server import metadata_answer
from ..builds.environment import project_number
from ..profile.grants import Allows
from ..profile.roles import GET_ACCESS_TOKEN, GET_ID_TOKEN
from ..wire import tokens
from ..wire.caller import UNNAMED, caller, note_caller

MACHINE = "machine@local-cloud.invalid"
"""The account of the machine whose metadata server is asked."""
_MACHINE = {
    "project": "local-cloud",
    "number": project_number("local-cloud"),
    "region": "us-central1",
    "account": MACHINE,
    "instance": "1",
}
_GRANT = "urn:ietf:params:oauth:grant-type:"
_ISSUED = "urn:ietf:params:oauth:token-type:access_token"
_POOL = re.compile(
    r"//iam\.googleapis\.com/"
    r"(projects/[^/]+/locations/global/workloadIdentityPools/[^/]+|locations/global/workforcePools/[^/]+)/providers/[^/]+"
)
ACTIONS = {
    "generateAccessToken": GET_ACCESS_TOKEN,
    "generateIdToken": GET_ID_TOKEN,
}
"""The permission that each needs on the account that is acted for."""


def identity_routes(allows: Allows | None) -> list[web.RouteDef]:
    """Without `allows`, anybody may act for any account."""

    async def impersonate(request: web.Request) -> web.StreamResponse:
        note_caller((name.lower(), value) for name, value in request.headers.items())
        account, _, action = request.match_info["account"].partition(":")
        body = await _json(request)
        if action not in ACTIONS:
            return _refused(501, "UNIMPLEMENTED", f"the local cloud does not serve the method {action}")
        if body is None or (action == "generateIdToken" and not body.get("audience")):
            return _refused(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        if allows is not None and not allows(caller(), ACTIONS[action]):
            return _denied(ACTIONS[action])
        if action == "generateIdToken":
            return web.json_response({"token": tokens.identity_token(account, str(body["audience"]))})
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=tokens.LIFETIME)
        answer = {"accessToken": tokens.access_token(account), "expireTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return web.json_response(answer)

    return [
        web.get("/computeMetadata/v1/{what:.*}", _metadata),
        web.post("/v1/token", _exchange),
        web.post("/token", _oauth),
        web.post("/v1/projects/-/serviceAccounts/{account}", impersonate),
    ]


async def _metadata(request: web.Request) -> web.StreamResponse:
    head = f"{request.method} {request.raw_path} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    status, kind, body = metadata_answer(head, _MACHINE, time.time(), _machine_token)
    headers = {"Metadata-Flavor": "Google"}
    return web.Response(status=int(status.split()[0]), text=body, content_type=kind, headers=headers)


def _machine_token(audience: str) -> str:
    return tokens.identity_token(MACHINE, audience) if audience else tokens.access_token(MACHINE)


async def _exchange(request: web.Request) -> web.StreamResponse:
    """A federated identity is named after its pool and the subject of its token, whoever signed that."""
    form = await _form(request)
    pool = _POOL.fullmatch(form.get("audience", ""))
    if form.get("grant_type") != _GRANT + "token-exchange" or not form.get("subject_token"):
        return _oauth_error("invalid_request", "Invalid token exchange request.")
    if pool is None:
        return _oauth_error("invalid_target", 'Invalid value for "audience".')
    given = form["subject_token"]
    subject = tokens.unverified_claims(given).get("sub") or hashlib.sha256(given.encode()).hexdigest()[:12]
    account = f"principal://iam.googleapis.com/{pool[1]}/subject/{subject}"
    return web.json_response({**_bearer(account), "issued_token_type": _ISSUED})


async def _oauth(request: web.Request) -> web.StreamResponse:
    """A key file's assertion names its account and what it wants; a login's refresh token may be an address."""
    form = await _form(request)
    if not form.get("grant_type"):
        return _oauth_error("invalid_request", "Required parameter is missing: grant_type")
    if form.get("grant_type") == _GRANT + "jwt-bearer":
        claims = tokens.unverified_claims(form.get("assertion", ""))
        if not claims.get("iss"):
            return _oauth_error("invalid_grant", "Invalid JWT.")
        account, audience = str(claims["iss"]), claims.get("target_audience")
        if audience:
            return web.json_response({"id_token": tokens.identity_token(account, str(audience))})
        return web.json_response(_bearer(account))
    if form.get("grant_type") == "refresh_token" and form.get("refresh_token"):
        account = form["refresh_token"] if "@" in form["refresh_token"] else UNNAMED
        scopes = form.get("scope", "openid").split()  # without any: all that the login was for
        own = {"id_token": tokens.identity_token(account, form.get("client_id", ""))} if "openid" in scopes else {}
        return web.json_response({**_bearer(account, login=True), **own, "scope": " ".join(scopes)})
    return _oauth_error("unsupported_grant_type", "Invalid grant_type.")


def _bearer(account: str, *, login: bool = False) -> dict[str, Any]:
    token = tokens.access_token(account, login=login)
    return {"access_token": token, "token_type": "Bearer", "expires_in": tokens.LIFETIME}


async def _form(request: web.Request) -> Mapping[str, str]:
    """Empty for a body that is no form, in which everything is missing then."""
    try:
        return {name: str(value) for name, value in (await request.post()).items()}
    except (ValueError, LookupError, RuntimeError):  # its boundary, its character set, its encoding
        return {}


async def _json(request: web.Request) -> Mapping[str, Any] | None:
    try:
        found = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _oauth_error(error: str, description: str) -> web.Response:
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.2"""
    return web.json_response({"error": error, "error_description": description}, status=400)


def _denied(permission: str) -> web.Response:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "IAM_PERMISSION_DENIED",
        "domain": "iam.googleapis.com",
        "metadata": {"permission": permission},
    }
    message = f"Permission '{permission}' denied on resource (or it may not exist)."
    return _refused(403, "PERMISSION_DENIED", message, info)


def _refused(code: int, status: str, message: str, *details: object) -> web.Response:
    error = {"code": code, "message": message, "status": status, **({"details": details} if details else {})}
    return web.json_response({"error": error}, status=code)
