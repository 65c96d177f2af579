"""Artifact Registry's list of the images that a repository holds, as `gcloud artifacts docker images list` asks for it,
and the deletion of one.

https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages. The
registry does not look at hosts, so a repository holds the same images in every location.
"""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any
from urllib.parse import quote, unquote

from aiohttp import web

from ...registry.names import BadName
from ..rest.routes import RestApi
from ..wire.method import RpcRefusal
from ..wire.pages import page
from .images import HeldImage, RegistryImages

_IMAGES = "/v1/projects/{project}/locations/{location}/repositories/{repository:[^/:]+}/dockerImages"

_VERSION = (
    "/v1/projects/{project}/locations/{location}/repositories/{repository:[^/:]+}/packages/{package}/versions/{version}"
)
_DIGITS = 18  # of a page's size


def artifact_routes(images: RegistryImages, rest: RestApi) -> list[web.RouteDef]:
    async def listed(request: web.Request) -> web.Response:
        place, query = dict(request.match_info), request.query

        def work() -> str:
            size = query.get("pageSize", "0")
            if not size.isascii() or not size.isdigit() or len(size) > _DIGITS:
                raise RpcRefusal("INVALID_ARGUMENT", f"Invalid value at 'page_size': {size!r}")
            held = _held(images, place)
            shown, token = page(held, int(size), query.get("pageToken", ""))
            found = [_image(place, each) for each in shown]
            return json.dumps({"dockerImages": found, **({"nextPageToken": token} if token else {})})

        return await rest.answering(request, work)

    async def one(request: web.Request) -> web.Response:
        place, wanted = dict(request.match_info), unquote(request.match_info["image"])

        def work() -> str:
            for each in _held(images, place):
                if f"{each.name}@{each.digest}" == wanted:
                    return json.dumps(_image(place, each))
            raise RpcRefusal("NOT_FOUND", "Requested entity was not found.")

        return await rest.answering(request, work)

    async def deleted(request: web.Request) -> web.Response:
        """[doc] A version with tags is refused without `force`: .../repositories.packages.versions/delete."""
        place, force = dict(request.match_info), request.query.get("force") == "true"
        name, digest = unquote(place["package"]), place["version"]

        def work() -> str:
            held = next((each for each in _held(images, place) if (each.name, each.digest) == (name, digest)), None)
            if held is None:
                raise RpcRefusal("NOT_FOUND", "Requested entity was not found.")
            if held.tags and not force:
                raise RpcRefusal("FAILED_PRECONDITION", f"version has tags: {', '.join(held.tags)}; use force")
            images.delete(f"{place['project']}/{place['repository']}/{name}", digest)
            parent = "projects/{project}/locations/{location}".format(**place)
            return json.dumps({"name": f"{parent}/operations/{uuid.uuid4()}", "done": True, "response": {}})

        return await rest.answering(request, work)

    return [
        web.delete(_VERSION, deleted),
        web.get(_IMAGES, listed, allow_head=False),
        web.get(f"{_IMAGES}/{{image:.+}}", one, allow_head=False),
    ]


def _held(images: RegistryImages, place: dict[str, str]) -> list[HeldImage]:
    """Of one repository; a name that no repository can have has nothing."""
    try:
        return images.held(f"{place['project']}/{place['repository']}")
    except BadName:
        raise RpcRefusal("NOT_FOUND", "Requested entity was not found.") from None


def _image(place: dict[str, str], held: HeldImage) -> dict[str, Any]:
    parent = "projects/{project}/locations/{location}/repositories/{repository}".format(**place)
    host = f"{place['location']}-docker.pkg.dev"
    at = datetime.datetime.fromtimestamp(held.pushed, datetime.UTC).isoformat().replace("+00:00", "Z")
    return {
        "name": f"{parent}/dockerImages/{quote(held.name, safe='')}@{held.digest}",
        "uri": f"{host}/{place['project']}/{place['repository']}/{held.name}@{held.digest}",
        "tags": held.tags,
        "imageSizeBytes": str(held.size),
        "mediaType": held.media_type,
        "uploadTime": at,
        "updateTime": at,
    }
