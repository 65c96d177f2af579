"""Forwards one HTTP request to an instance and its response back, both bodies as streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from yarl import URL

from .error_pages import BROKEN, LATE, plain
from .headers import inward, outward
from .route import RouteTarget

_WITHOUT_BODY = frozenset({204, 304})


@dataclass
class Passage:
    """What is known of one request when it has ended. `replaced` are the headers that the container gets changed."""

    replaced: Mapping[str, str] = field(default_factory=dict)
    status: int = 503
    received: int = 0  # bytes of the request's body
    sent: int = 0  # bytes of the answer's body
    failed: bool = False  # the container gave no whole answer
    refused: bool = False  # the request was not let through to it


async def forward(
    request: web.BaseRequest, target: RouteTarget, pool: aiohttp.ClientSession, passage: Passage, timeout: float
) -> web.StreamResponse:
    """Never raises for what the container does: that is 503, too late is 504, and a cut body cuts the client off."""
    answer: web.StreamResponse | None = None
    try:
        async with (
            asyncio.timeout(timeout),
            pool.request(
                request.method,
                url_of(target, request),
                headers=inward(request.headers, request.remote or "", passage.replaced),
                data=_body(request, passage) if request.can_read_body else None,
                allow_redirects=False,
            ) as found,
        ):
            answer = web.StreamResponse(status=found.status, reason=found.reason, headers=outward(found.headers))
            passage.status = found.status
            await answer.prepare(request)
            if request.method != "HEAD" and found.status not in _WITHOUT_BODY:
                async for piece in found.content.iter_any():
                    passage.sent += len(piece)
                    await answer.write(piece)
            await answer.write_eof()
            return answer
    except TimeoutError:
        failed = plain(504, LATE)
    except (aiohttp.ClientError, OSError):
        failed = plain(503, BROKEN)
    passage.status, passage.failed = failed.status, True
    if answer is not None and answer.prepared:
        # Headers are out already: only a cut connection still tells the client that the answer is not whole.
        if request.transport is not None:
            request.transport.abort()
        return answer
    return failed


def url_of(target: RouteTarget, request: web.BaseRequest) -> URL:
    """The path as the client wrote it, byte for byte."""
    host, port = target.address
    path = request.raw_path if request.raw_path.startswith("/") else request.rel_url.raw_path_qs
    return URL(f"http://{host}:{port}{path}", encoded=True)


async def _body(request: web.BaseRequest, passage: Passage) -> AsyncIterator[bytes]:
    async for piece in request.content.iter_any():
        passage.received += len(piece)
        yield piece
