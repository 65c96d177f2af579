"""Carries a WebSocket: the container's handshake first, so that its refusal reaches the client as it is."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import WSMsgType, web

from deploy_lib.emulator.front_door.forward import Passage, url_of
from deploy_lib.emulator.front_door.headers import inward, without_handshake
from deploy_lib.emulator.front_door.pages import BROKEN, plain
from deploy_lib.emulator.front_door.way import Target

_UNSENDABLE = frozenset({1005, 1006, 1015})  # close codes that may not stand in a frame, RFC 6455 7.4.1
_CLOSING = (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING)


def wants_websocket(request: web.BaseRequest) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def forward_websocket(
    request: web.BaseRequest, target: Target, pool: aiohttp.ClientSession, passage: Passage, timeout: float
) -> web.StreamResponse:
    """Open for at most `timeout` seconds: Cloud Run counts a WebSocket as one request."""
    offered = [word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if word.strip()]
    try:
        inner = await pool.ws_connect(
            url_of(target, request),
            headers=without_handshake(inward(request.headers, request.remote or "")),
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


async def _both_ways(outer: web.WebSocketResponse, inner: aiohttp.ClientWebSocketResponse, timeout: float) -> None:
    ways = {asyncio.create_task(_carry(outer, inner)), asyncio.create_task(_carry(inner, outer))}
    try:
        done, _ = await asyncio.wait(ways, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            await outer.close(code=1001)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


Side = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _carry(source: Side, sink: Side) -> None:
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
        else:
            code = message.data if message.type is WSMsgType.CLOSE else source.close_code
            reason = (message.extra or "") if message.type is WSMsgType.CLOSE else ""
            sendable = code if isinstance(code, int) and code not in _UNSENDABLE else 1000
            if message.type in _CLOSING:
                await sink.close(code=sendable, message=reason.encode())
            return
