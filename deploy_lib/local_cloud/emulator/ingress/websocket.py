"""Forwards a WebSocket: the container's handshake first, so that a refusal reaches the client unchanged."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import WSMsgType, web

from .error_pages import BROKEN, plain
from .forward import Passage, url_of
from .headers import inward, without_handshake
from .route import RouteTarget

# Close codes, RFC 6455 7.4.1; the last two stand for what came without one and are never sent.
_NORMAL, _GOING_AWAY, _BROKEN_INSIDE = 1000, 1001, 1011
_WITHOUT_CODE, _ABNORMAL = 1005, 1006


def wants_websocket(request: web.BaseRequest) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def forward_websocket(
    request: web.BaseRequest, target: RouteTarget, pool: aiohttp.ClientSession, passage: Passage, timeout: float
) -> web.StreamResponse:
    """Open for at most `timeout` seconds: Cloud Run counts a WebSocket as one request."""
    offered = [word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if word.strip()]
    try:
        inner = await pool.ws_connect(
            url_of(target, request),
            headers=without_handshake(inward(request.headers, request.remote or "", passage.replaced)),
            protocols=offered,
            autoclose=False,
            autoping=False,
            max_msg_size=0,
        )
    except aiohttp.WSServerHandshakeError as error:
        passage.status = error.status
        return plain(error.status, error.message)
    except (aiohttp.ClientError, OSError):
        passage.status, passage.failed = 503, True
        return plain(503, BROKEN)
    chosen = (inner.protocol,) if inner.protocol else ()
    outer = web.WebSocketResponse(protocols=chosen, autoclose=False, autoping=False, max_msg_size=0)
    passage.status = 101
    try:
        await outer.prepare(request)
        await _both_ways(outer, inner, timeout)
    finally:
        await inner.close()
    return outer


Side = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _both_ways(outer: web.WebSocketResponse, inner: aiohttp.ClientWebSocketResponse, timeout: float) -> None:
    """Until one side closes; the other is then closed with the same code and reason."""
    routes = {
        asyncio.create_task(_carry(inner, outer)): _BROKEN_INSIDE,
        asyncio.create_task(_carry(outer, inner)): _GOING_AWAY,
    }
    try:
        done, _ = await asyncio.wait(routes, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for route in routes:
            route.cancel()
        await asyncio.gather(*routes, return_exceptions=True)
    code, reason = _GOING_AWAY, b""  # the time is up
    for route in done:
        code, reason = route.result() if route.exception() is None else (_ABNORMAL, b"")
        code = {_WITHOUT_CODE: _NORMAL, _ABNORMAL: routes[route]}.get(code, code)
    await inner.close(code=code, message=reason)
    await outer.close(code=code, message=reason)


async def _carry(source: Side, sink: Side) -> tuple[int, bytes]:
    """The close code and reason of the source, when it has closed."""
    while True:
        message = await source.receive()
        if message.type is WSMsgType.TEXT:
            await sink.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await sink.send_bytes(message.data)
        elif message.type is WSMsgType.PING:
            await sink.ping(message.data)
        elif message.type is WSMsgType.PONG:
            await sink.pong(message.data)
        elif message.type is WSMsgType.CLOSE:
            return int(message.data or _WITHOUT_CODE), (message.extra or "").encode()
        else:
            return _ABNORMAL, b""
