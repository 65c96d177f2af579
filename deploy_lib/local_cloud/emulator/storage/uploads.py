"""Uploads: in one request, in one multipart request, or in a resumable session.

A session survives lost answers and broken connections: what arrived is on disk, the client asks how far it
got, and a finished session keeps giving the same answer
(https://cloud.google.com/storage/docs/performing-resumable-uploads).
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from .incoming import Incoming
from .model import Conditions, StorageRefusal, StoredObject
from .multipart import RelatedParts
from .objects import json_body, origin
from .resources import (
    Json,
    conditions_from,
    description_from,
    expected_from,
    object_json,
)
from .store import Storage

_CHUNK = 256 * 1024
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(slots=True)
class _Session:
    bucket: str
    name: str
    resource: Json
    content_type: str | None
    conditions: Conditions
    incoming: Incoming
    finished: StoredObject | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class UploadApi:
    """The upload handlers. Open sessions live as long as the process, as nobody resumes across a restart."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._sessions: dict[str, _Session] = {}

    async def insert(self, request: web.Request) -> web.StreamResponse:
        kind = request.query.get("uploadType")
        if kind == "media":
            return await self._media(request)
        if kind == "multipart":
            return await self._multipart(request)
        if kind == "resumable":
            return await self._open_session(request)
        raise StorageRefusal(400, "invalid", f"Unknown uploadType: {kind!r}")

    async def resume(self, request: web.Request) -> web.StreamResponse:
        session = self._session(request)
        async with session.lock:
            return await self._receive(request, session)

    async def abandon(self, request: web.Request) -> web.StreamResponse:
        session = self._session(request)
        del self._sessions[request.query["upload_id"]]
        if session.finished is None:
            session.incoming.discard()
        return web.Response(status=499)

    async def _media(self, request: web.Request) -> web.StreamResponse:
        bucket, name = request.match_info["bucket"], request.query.get("name", "")
        conditions = conditions_from(request.query)
        self._storage.check(bucket, name, conditions)
        incoming = await self._received(bucket, request.content.iter_chunked(_CHUNK))
        about = description_from({}, request.headers.get("Content-Type"))
        expected = expected_from({}, request.headers.get("X-Goog-Hash", ""))
        item = self._storage.finish(incoming, bucket, name, about, conditions, expected)
        return web.json_response(object_json(item, origin(request)))

    async def _multipart(self, request: web.Request) -> web.StreamResponse:
        parts = RelatedParts(request.headers.get("Content-Type", ""), request.content)
        await parts.next_part()
        resource = _resource(await parts.whole())
        headers = await parts.next_part()
        bucket = request.match_info["bucket"]
        name = str(resource.get("name") or request.query.get("name", ""))
        conditions = conditions_from(request.query)
        self._storage.check(bucket, name, conditions)
        incoming = await self._received(bucket, parts.chunks())
        about = description_from(resource, headers.get("content-type"))
        item = self._storage.finish(incoming, bucket, name, about, conditions, expected_from(resource))
        return web.json_response(object_json(item, origin(request)))

    async def _open_session(self, request: web.Request) -> web.StreamResponse:
        resource = await json_body(request)
        bucket = request.match_info["bucket"]
        name = str(resource.get("name") or request.query.get("name", ""))
        conditions = conditions_from(request.query)
        self._storage.check(bucket, name, conditions)
        key = uuid.uuid4().hex
        content_type = request.headers.get("X-Upload-Content-Type")
        self._sessions[key] = _Session(bucket, name, resource, content_type, conditions, self._storage.begin(bucket))
        where = f"{origin(request)}{request.path}?uploadType=resumable&upload_id={key}"
        return web.Response(headers={"Location": where, "X-GUploader-UploadID": key})

    async def _receive(self, request: web.Request, session: _Session) -> web.StreamResponse:
        if session.finished is not None:
            return web.json_response(object_json(session.finished, origin(request)))
        incoming, header = session.incoming, request.headers.get("Content-Range")
        if header is None:
            await _fill(incoming, request.content.iter_chunked(_CHUNK))
            total: int | None = incoming.size
        else:
            start, total = content_range(header)
            if start is not None and start <= incoming.size:  # else a chunk is missing: the client goes back
                await _fill(incoming, request.content.iter_chunked(_CHUNK), skip=incoming.size - start)
        if total is None or incoming.size < total:
            return _so_far(incoming)
        about = description_from(session.resource, session.content_type)
        expected = expected_from(session.resource, request.headers.get("X-Goog-Hash", ""))
        try:
            session.finished = self._storage.finish(
                incoming, session.bucket, session.name, about, session.conditions, expected
            )
        except StorageRefusal:
            del self._sessions[request.query["upload_id"]]
            raise
        return web.json_response(object_json(session.finished, origin(request)))

    async def _received(self, bucket: str, chunks: AsyncIterator[bytes]) -> Incoming:
        incoming = self._storage.begin(bucket)
        try:
            await _fill(incoming, chunks)
        except BaseException:  # the sender went away: nothing of it may stay
            incoming.discard()
            raise
        return incoming

    def _session(self, request: web.Request) -> _Session:
        session = self._sessions.get(request.query.get("upload_id", ""))
        if session is None:
            raise StorageRefusal(404, "notFound", "No such resumable upload session.")
        return session


def content_range(header: str) -> tuple[int | None, int | None]:
    """First byte of this chunk (None: only asking how far it got) and the whole length (None: not known yet)."""
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise StorageRefusal(400, "badRequest", f"Failed to parse Content-Range header: {header!r}")
    first, _, total = match.groups()
    return (None if first is None else int(first)), (None if total == "*" else int(total))


async def _fill(incoming: Incoming, chunks: AsyncIterator[bytes], skip: int = 0) -> None:
    """Writes what arrives, without the first `skip` bytes: those came with an earlier request."""
    async for chunk in chunks:
        incoming.write(chunk[skip:])
        skip = max(0, skip - len(chunk))


def _so_far(incoming: Incoming) -> web.Response:
    headers = {"Range": f"bytes=0-{incoming.size - 1}"} if incoming.size else {}
    return web.Response(status=308, reason="Resume Incomplete", headers=headers)


def _resource(data: bytes) -> Json:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise StorageRefusal(400, "parseError", "Parse Error")
    return value
