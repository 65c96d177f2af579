"""Who has which role, and what the caller may do: with projects, accounts, repositories and buckets, by one policy.

https://cloud.google.com/iam/docs/testing-permissions. Every account and every repository is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiohttp import web

from ..wire.caller import caller, note_caller


def permission_routes(
    allows: Callable[[str, str], bool] | None,
    members: Callable[[], Mapping[str, Sequence[str]]],
    has_bucket: Callable[[str], bool],
) -> list[web.RouteDef]:
    """`allows` says whether an account holds a permission, None: everybody holds all; `members` has those by role."""

    def held(request: web.Request, permissions: Iterable[object]) -> web.Response:
        note_caller((name.lower(), value) for name, value in request.headers.items())
        asked = [each for each in permissions if isinstance(each, str)]
        return web.json_response({"permissions": [each for each in asked if allows is None or allows(caller(), each)]})

    async def tested(request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.read())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("permissions"), list):
            return _error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        return held(request, body["permissions"])

    async def on_bucket(request: web.Request) -> web.Response:
        if not has_bucket(request.match_info["bucket"]):
            return _error(404, "NOT_FOUND", "The specified bucket does not exist.")
        return held(request, request.query.getall("permissions", []))

    async def policy(_: web.Request) -> web.Response:
        bindings = [{"role": role, "members": list(found)} for role, found in members().items()]
        return web.json_response({"version": 1, "bindings": bindings})

    async def repository(request: web.Request) -> web.Response:
        name = "projects/{project}/locations/{location}/repositories/{repository}".format(**request.match_info)
        return web.json_response({"name": name, "format": "DOCKER", "mode": "STANDARD_REPOSITORY"})

    repositories = "/v1/projects/{project}/locations/{location}/repositories/{repository:[^/:]+}"
    return [
        web.post("/v1/projects/{project:[^/:]+}:testIamPermissions", tested),
        web.post("/v1/projects/{project:[^/:]+}:getIamPolicy", policy),
        web.post("/v1/projects/-/serviceAccounts/{account:[^/:]+}:testIamPermissions", tested),
        web.get("/storage/v1/b/{bucket}/iam/testPermissions", on_bucket, allow_head=False),
        web.get(repositories, repository, allow_head=False),
        web.post(f"{repositories}:testIamPermissions", tested),
    ]


def _error(code: int, status: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, "status": status}}, status=code)
