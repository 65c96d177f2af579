"""What gcloud asks of a project on its way [client]: that it is there, and that an API is enabled.

Every project is there, and every API is enabled, served here or not. Shapes:
https://cloud.google.com/resource-manager/reference/rest/v1/projects,
https://cloud.google.com/service-usage/docs/reference/rest/v1/services.
"""

from __future__ import annotations

from aiohttp import web

from ..builds.environment import project_number


def project_routes() -> list[web.RouteDef]:
    return [
        web.get("/v1/projects/{project:[^/:]+}", _project, allow_head=False),
        web.get("/v1/projects/{project}/services/{service:[^/:]+}", _service, allow_head=False),
        web.get("/v1/projects/{project}/services:batchGet", _services, allow_head=False),
    ]


async def _project(request: web.Request) -> web.Response:
    project = request.match_info["project"]
    told = {"projectId": project, "projectNumber": project_number(project), "name": project, "lifecycleState": "ACTIVE"}
    return web.json_response(told)


async def _service(request: web.Request) -> web.Response:
    path = request.match_info
    return web.json_response(_enabled(f"projects/{project_number(path['project'])}/services/{path['service']}"))


async def _services(request: web.Request) -> web.Response:
    return web.json_response({"services": [_enabled(name) for name in request.query.getall("names", [])]})


def _enabled(name: str) -> dict[str, object]:
    return {"name": name, "config": {"name": name.rpartition("/")[2]}, "state": "ENABLED"}
