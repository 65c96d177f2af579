"""The control interface of permissions: who holds which roles."""

from __future__ import annotations

import json

from aiohttp import web

from .grants import BadGrant, Grants


def grant_routes(grants: Grants) -> list[web.RouteDef]:
    async def set_grants(request: web.Request) -> web.StreamResponse:
        try:
            grants.set(json.loads(await request.read()))
        except (ValueError, RecursionError):
            return web.json_response({"error": "the body is not JSON"}, status=400)
        except BadGrant as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(grants.as_json())

    async def get_grants(_: web.Request) -> web.StreamResponse:
        return web.json_response(grants.as_json())

    return [web.put("/_local/grants", set_grants), web.get("/_local/grants", get_grants)]
