"""Cloud Storage's JSON API over the store: buckets, object metadata and downloads.

Only what the official clients and gcloud ask of it; anything else answers 501 and names the method and path,
so that a gap shows at once instead of as an odd failure later. Uploads are in uploads.
"""

from __future__ import annotations

import json
import re
from email.utils import formatdate

from aiohttp import web

from .listing import PAGE, Query, page
from .model import StorageRefusal, StoredObject
from .resources import (
    FIELDS,
    Json,
    bucket_json,
    conditions_from,
    name_from_token,
    object_etag,
    object_json,
    page_token,
    whole_number,
)
from .store import Storage

_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class ObjectApi:
    """The handlers, one per method of the API."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def insert_bucket(self, request: web.Request) -> web.StreamResponse:
        body = await json_body(request)
        bucket = self._storage.create_bucket(
            str(body.get("name", "")),
            request.query.get("project", ""),
            str(body.get("location") or "US"),
            body.get("labels") or {},
        )
        return web.json_response(bucket_json(bucket, origin(request)))

    async def get_bucket(self, request: web.Request) -> web.StreamResponse:
        bucket = self._storage.bucket(request.match_info["bucket"])
        return web.json_response(bucket_json(bucket, origin(request)))

    async def get_layout(self, request: web.Request) -> web.StreamResponse:
        """What gcloud asks before it removes folders, of which there are none here [client]."""
        told = bucket_json(self._storage.bucket(request.match_info["bucket"]), origin(request))
        layout = {"kind": "storage#storageLayout", "bucket": told["name"], "hierarchicalNamespace": {"enabled": False}}
        return web.json_response({**layout, "location": told["location"], "locationType": told["locationType"]})

    async def list_folders(self, request: web.Request) -> web.StreamResponse:
        """Managed ones: none can be made here."""
        self._storage.bucket(request.match_info["bucket"])
        return web.json_response({"kind": "storage#managedFolders"})

    async def list_buckets(self, request: web.Request) -> web.StreamResponse:
        prefix = request.query.get("prefix", "")
        found = [b for b in self._storage.buckets(request.query.get("project", "")) if b.name.startswith(prefix)]
        items = [bucket_json(bucket, origin(request)) for bucket in found]
        return web.json_response({"kind": "storage#buckets", "items": items})

    async def delete_bucket(self, request: web.Request) -> web.StreamResponse:
        self._storage.delete_bucket(request.match_info["bucket"])
        return web.Response(status=204)

    async def list_objects(self, request: web.Request) -> web.StreamResponse:
        asked = request.query
        query = Query(
            prefix=asked.get("prefix", ""),
            delimiter=asked.get("delimiter", ""),
            start=asked.get("startOffset", ""),
            end=asked.get("endOffset", ""),
            after=name_from_token(asked.get("pageToken", "")),
            limit=min(whole_number(asked, "maxResults") or PAGE, PAGE),
        )
        found = page(self._storage.list(request.match_info["bucket"], query.prefix), query)
        body: Json = {
            "kind": "storage#objects",
            "items": [object_json(item, origin(request)) for item in found.items],
            "prefixes": list(found.prefixes),
        }
        if found.more_after is not None:
            body["nextPageToken"] = page_token(found.more_after)
        return web.json_response(body)

    async def get_object(self, request: web.Request) -> web.StreamResponse:
        item = self._storage.get(
            request.match_info["bucket"],
            request.match_info["object"],
            whole_number(request.query, "generation"),
            conditions_from(request.query),
        )
        if request.query.get("alt") == "media":
            return await self._send(request, item)
        return web.json_response(object_json(item, origin(request)))

    async def download(self, request: web.Request) -> web.StreamResponse:
        """As at storage.googleapis.com/BUCKET/OBJECT (https://cloud.google.com/storage/docs/xml-api/get-object-download)."""
        bucket, _, name = request.path[1:].partition("/")
        if request.method != "GET" or not name:
            raise StorageRefusal(
                501, "notImplemented", f"The local cloud does not serve {request.method} {request.path}"
            )
        return await self._send(request, self._storage.get(bucket, name, None, conditions_from({})))

    async def patch_object(self, request: web.Request) -> web.StreamResponse:
        body = await json_body(request)
        item = self._storage.patch(
            request.match_info["bucket"],
            request.match_info["object"],
            body.get("contentType"),
            {key: body[key] for key in FIELDS if key in body},
            body.get("metadata") or {},
            conditions_from(request.query),
        )
        return web.json_response(object_json(item, origin(request)))

    async def delete_object(self, request: web.Request) -> web.StreamResponse:
        self._storage.delete(
            request.match_info["bucket"],
            request.match_info["object"],
            whole_number(request.query, "generation"),
            conditions_from(request.query),
        )
        return web.Response(status=204)

    async def _send(self, request: web.Request, item: StoredObject) -> web.StreamResponse:
        start, end = byte_range(request.headers.get("Range", ""), item.size)
        partial = (start, end) != (0, item.size)
        sums = f"crc32c={item.crc32c}" + (f",md5={item.md5}" if item.md5 else "")
        headers = {
            "Content-Type": item.content_type,
            "Content-Length": str(end - start),
            "ETag": object_etag(item),
            "Last-Modified": formatdate(item.updated, usegmt=True),
            "X-Goog-Generation": str(item.generation),
            "X-Goog-Metageneration": str(item.metageneration),
            "X-Goog-Hash": sums,
            "X-Goog-Stored-Content-Encoding": item.fields.get("contentEncoding", "identity"),
            "X-Goog-Stored-Content-Length": str(item.size),
        }
        if "contentEncoding" in item.fields:
            headers["Content-Encoding"] = item.fields["contentEncoding"]
        if partial:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{item.size}"
        with self._storage.open(item) as file:
            response = web.StreamResponse(status=206 if partial else 200, headers=headers)
            await response.prepare(request)
            file.seek(start)
            left = end - start
            while left:
                chunk = file.read(min(_CHUNK, left))
                await response.write(chunk)
                left -= len(chunk)
            await response.write_eof()
            return response


def byte_range(header: str, size: int) -> tuple[int, int]:
    """Start and end (exclusive) of what to send. A header that is not one plain range is ignored (RFC 9110, 14.2).

    Raises StorageRefusal 416 when the range starts at or behind the end.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.group(0) == "bytes=-":
        return 0, size
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size or end <= start:
        raise StorageRefusal(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
    return start, end


async def json_body(request: web.Request) -> Json:
    """The request's JSON object; an empty body is an empty object. Raises StorageRefusal 400."""
    text = await request.text()
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise StorageRefusal(400, "parseError", "Parse Error")
    return value


def origin(request: web.Request) -> str:
    """Where the client reached us, for links in answers."""
    return f"{request.scheme}://{request.host}"
