"""The OCI distribution API over the image store, so that docker, podman and the engines push and pull here.

Paths and error codes: https://github.com/opencontainers/distribution-spec/blob/main/spec.md. No
authentication: the port is on loopback.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

from aiohttp import web

from ...registry.names import BadName, check_repository, is_digest
from .images import RegistryImages, RegistryRefusal

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CHUNK = 256 * 1024
_MANIFEST_LIMIT = 4 * 1024 * 1024  # the specification asks for at least this much


class _Upload:
    """A blob on its way: a private file and its running sum."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.sum = hashlib.sha256()
        self.file: BinaryIO = path.open("wb")

    async def fill(self, request: web.Request) -> None:
        async for chunk in request.content.iter_chunked(_CHUNK):
            self.file.write(chunk)
            self.sum.update(chunk)
            self.size += len(chunk)

    def discard(self) -> None:
        self.file.close()
        self.path.unlink(missing_ok=True)


class RegistryApi:
    def __init__(self, images: RegistryImages) -> None:
        self._images = images
        self._uploads: dict[str, _Upload] = {}

    async def ping(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({})

    async def tags(self, request: web.Request) -> web.StreamResponse:
        name = _repository(request)
        found = self._images.tags(_image(name))
        if found is None:
            raise RegistryRefusal(404, "NAME_UNKNOWN", f"repository name not known to registry: {name}")
        return web.json_response({"name": name, "tags": found})

    async def get_manifest(self, request: web.Request) -> web.StreamResponse:
        found = self._images.manifest(_image(_repository(request)), request.match_info["reference"])
        headers = {"Docker-Content-Digest": found.digest, "Content-Type": found.media_type}
        return web.Response(body=found.data, headers=headers)

    async def put_manifest(self, request: web.Request) -> web.StreamResponse:
        name = _repository(request)
        data = await request.content.read(_MANIFEST_LIMIT + 1)
        while (more := await request.content.read(_MANIFEST_LIMIT + 1)) and len(data) <= _MANIFEST_LIMIT:
            data += more
        if len(data) > _MANIFEST_LIMIT:
            raise RegistryRefusal(413, "SIZE_INVALID", f"a manifest may have {_MANIFEST_LIMIT} bytes")
        media_type = request.headers.get("Content-Type", "")
        reference = request.match_info["reference"]
        digest = self._images.put_manifest(_image(name), reference, data, media_type)
        return _created(f"/v2/{name}/manifests/{digest}", digest)

    async def delete_manifest(self, request: web.Request) -> web.StreamResponse:
        self._images.delete(_image(_repository(request)), request.match_info["reference"])
        return web.Response(status=202)

    async def get_blob(self, request: web.Request) -> web.StreamResponse:
        _repository(request)
        digest = request.match_info["digest"]
        path = self._images.blob(digest)
        headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
        return web.FileResponse(path, headers=headers, chunk_size=_CHUNK)

    async def start_upload(self, request: web.Request) -> web.StreamResponse:
        name = _repository(request)
        mount = request.query.get("mount", "")
        if self._images.has_blob(mount):  # blobs are shared by all repositories
            return _created(f"/v2/{name}/blobs/{mount}", mount)
        key = uuid.uuid4().hex
        self._uploads[key] = _Upload(self._images.arriving())
        if "digest" in request.query:
            return await self._finish(request, key)
        return self._progress(name, key)

    async def send_chunk(self, request: web.Request) -> web.StreamResponse:
        upload = self._upload(request)
        start = request.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
        if start and start != str(upload.size):
            raise RegistryRefusal(416, "BLOB_UPLOAD_INVALID", f"the next chunk starts at byte {upload.size}")
        await upload.fill(request)
        return self._progress(_repository(request), request.match_info["key"])

    async def finish_upload(self, request: web.Request) -> web.StreamResponse:
        self._upload(request)
        return await self._finish(request, request.match_info["key"])

    async def upload_state(self, request: web.Request) -> web.StreamResponse:
        self._upload(request)
        answer = self._progress(_repository(request), request.match_info["key"])
        answer.set_status(204)
        return answer

    async def abandon_upload(self, request: web.Request) -> web.StreamResponse:
        self._upload(request).discard()
        del self._uploads[request.match_info["key"]]
        return web.Response(status=204)

    async def _finish(self, request: web.Request, key: str) -> web.StreamResponse:
        """The blob's name is its digest, so bytes with another digest are refused and dropped."""
        upload = self._uploads.pop(key)
        try:
            await upload.fill(request)
            upload.file.close()
            digest, wanted = f"sha256:{upload.sum.hexdigest()}", request.query.get("digest", "")
            if not is_digest(wanted) or digest != wanted:
                message = f"provided digest {wanted!r} did not match uploaded content {digest}"
                raise RegistryRefusal(400, "DIGEST_INVALID", message)
            self._images.adopt(upload.path, digest)
        finally:
            upload.discard()
        return _created(f"/v2/{_repository(request)}/blobs/{digest}", digest)

    def _progress(self, name: str, key: str) -> web.Response:
        done = self._uploads[key].size
        headers = {
            "Location": f"/v2/{name}/blobs/uploads/{key}",
            "Range": f"0-{max(0, done - 1)}",
            "Docker-Upload-UUID": key,
        }
        return web.Response(status=202, headers=headers)

    def _upload(self, request: web.Request) -> _Upload:
        upload = self._uploads.get(request.match_info["key"])
        if upload is None:
            raise RegistryRefusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return upload


def registry_routes(images: RegistryImages) -> list[web.RouteDef]:
    api = RegistryApi(images)
    repository = "/v2/{name:.+}"
    manifest = repository + "/manifests/{reference}"
    upload = repository + "/blobs/uploads/{key:[0-9a-f]+}"
    table: list[tuple[str, str, Serve]] = [
        ("GET", "/v2/", api.ping),
        ("GET", repository + "/tags/list", api.tags),
        ("GET", manifest, api.get_manifest),
        ("PUT", manifest, api.put_manifest),
        ("DELETE", manifest, api.delete_manifest),
        ("POST", repository + "/blobs/uploads/", api.start_upload),
        ("GET", upload, api.upload_state),
        ("PATCH", upload, api.send_chunk),
        ("PUT", upload, api.finish_upload),
        ("DELETE", upload, api.abandon_upload),
        ("GET", repository + "/blobs/{digest}", api.get_blob),
    ]
    # A GET route answers HEAD too.
    return [
        web.get(path, _answering(serve)) if verb == "GET" else web.route(verb, path, _answering(serve))
        for verb, path, serve in table
    ]


def _answering(serve: Serve) -> Serve:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            response = await serve(request)
        except RegistryRefusal as refusal:
            errors = [{"code": refusal.code, "message": refusal.message}]
            response = web.json_response({"errors": errors}, status=refusal.status)
        if not response.prepared:
            response.headers["Docker-Distribution-API-Version"] = "registry/2.0"
        return response

    return answer


def _repository(request: web.Request) -> str:
    name = request.match_info["name"]
    try:
        check_repository(name)
    except BadName as error:
        raise RegistryRefusal(400, "NAME_INVALID", str(error)) from None
    return name


def _image(repository: str) -> str:
    """The store drops a host from what it is given; a repository such as example.com/p/api is not to lose its head."""
    return f"localhost/{repository}"


def _created(where: str, digest: str) -> web.Response:
    return web.Response(status=201, headers={"Location": where, "Docker-Content-Digest": digest})
