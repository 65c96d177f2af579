"""The HTTP routes of Cloud Storage's methods, and how a refusal is answered.

Method names are Google's own (storage.objects.insert, ...): a scripted fault names a method by them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from .model import StorageRefusal
from .objects import ObjectApi
from .resources import refusal_json
from .store import Storage
from .uploads import UploadApi

STORAGE_HOST = "storage.googleapis.com"

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


def storage_routes(storage: Storage, guard: Callable[[str, Serve], Serve]) -> list[web.RouteDef]:
    """`guard(method, serve)` wraps every handler: it is where scripted faults act."""
    objects, uploads = ObjectApi(storage), UploadApi(storage)
    bucket, item = "/b/{bucket}", "/b/{bucket}/o/{object:.+}"
    table: list[tuple[str, str, str, Serve]] = [
        ("POST", "/storage/v1/b", "storage.buckets.insert", objects.insert_bucket),
        ("GET", "/storage/v1/b", "storage.buckets.list", objects.list_buckets),
        ("GET", f"/storage/v1{bucket}", "storage.buckets.get", objects.get_bucket),
        ("GET", f"/storage/v1{bucket}/storageLayout", "storage.buckets.getStorageLayout", objects.get_layout),
        ("GET", f"/storage/v1{bucket}/managedFolders", "storage.managedFolders.list", objects.list_folders),
        ("DELETE", f"/storage/v1{bucket}", "storage.buckets.delete", objects.delete_bucket),
        ("GET", f"/storage/v1{bucket}/o", "storage.objects.list", objects.list_objects),
        ("GET", f"/storage/v1{item}", "storage.objects.get", objects.get_object),
        ("GET", f"/download/storage/v1{item}", "storage.objects.get", objects.get_object),
        ("PATCH", f"/storage/v1{item}", "storage.objects.patch", objects.patch_object),
        ("DELETE", f"/storage/v1{item}", "storage.objects.delete", objects.delete_object),
        ("POST", f"/upload/storage/v1{bucket}/o", "storage.objects.insert", uploads.insert),
        ("PUT", f"/upload/storage/v1{bucket}/o", "storage.objects.insert", uploads.resume),
        ("DELETE", f"/upload/storage/v1{bucket}/o", "storage.objects.insert", uploads.abandon),
    ]
    # gcloud opens its sessions below /resumable [client].
    table += [
        (verb, f"/resumable{path}", method, serve) for verb, path, method, serve in table if path.startswith("/upload/")
    ]
    served = [
        web.route(verb, path, guard(method, _answering(serve)), **({"allow_head": False} if verb == "GET" else {}))
        for verb, path, method, serve in table
    ]
    gaps = [f"/{part}storage/v1/{{rest:.*}}" for part in ("", "upload/", "resumable/upload/", "download/")]
    return [*served, *(web.route("*", path, _answering(_unserved)) for path in gaps)]


def storage_downloads(storage: Storage, guard: Callable[[str, Serve], Serve]) -> Serve:
    """What the host storage.googleapis.com answers at all other paths: gcloud reads a build's log there [client]."""
    return guard("storage.objects.get", _answering(ObjectApi(storage).download))


def _answering(serve: Serve) -> Serve:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await serve(request)
        except StorageRefusal as refusal:
            if refusal.code == 304:
                return web.Response(status=304)
            return web.json_response(refusal_json(refusal), status=refusal.code)

    return answer


async def _unserved(request: web.Request) -> web.StreamResponse:
    message = f"The local cloud does not serve {request.method} {request.path}"
    raise StorageRefusal(501, "notImplemented", message)
