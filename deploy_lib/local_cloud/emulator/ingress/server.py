"""The ingress: a loopback port per address, each leading to the revisions its route names.

A service's own URL and each of its tags have a port of their own, since loopback has no names to tell them
apart by. A port stays with its address while the local cloud runs and answers 404 when nothing is behind it,
as a tag's URL does on Cloud Run after the tag was removed.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine, Set
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

from ...worker import start_worker, unheard
from ..wire.ports import HOST
from ..wire.visitors import refused
from .connections import Connections
from .error_pages import TOO_MANY, UNAVAILABLE, not_found, plain, turned_away
from .forward import Passage, forward
from .route import Route, RouteTarget, Upstream
from .websocket import forward_websocket, wants_websocket

_LOOKS_EVERY = 0.02  # seconds, for an instance that has got free
_CLIENT_GONE = 499  # as web servers log a client that left before its answer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """One request that has ended, whoever ended it."""

    upstream: Upstream
    instance: str  # "" when none took it
    method: str
    url: str
    status: int
    seconds: float
    user_agent: str
    remote: str
    received: int
    sent: int
    failed: bool  # the answer is the ingress's own, for want of a container's
    refused: bool  # so is this one, to who may not invoke the service


class Ingress:
    """Runs on a thread of its own. `note` is called there for every request that reached a revision's turn."""

    def __init__(self, note: Callable[[ServedRequest], None], names: Set[str], queued: float) -> None:
        """`names` are hosts by which containers may ask, beside those of this machine.

        `queued` is how long, in seconds, a request waits for an instance with room where there may be no more.
        """
        self._note, self._names, self._queued = note, names, queued
        self._loop = asyncio.new_event_loop()
        self._routes: dict[int, Route] = {}
        self._waking: dict[Upstream, asyncio.Future[bool]] = {}
        self._servers: list[asyncio.Server] = []
        self._connections = Connections()
        self._thread = start_worker(self._loop.run_forever, "ingress", unheard)
        self._web: web.Server = self._on_loop(self._make_server())

    def open(self, port: int = 0) -> int:
        """Listen on that port when it is free, else on another; the port."""
        listening = _bind(port)
        self._on_loop(self._listen(listening))
        found: int = listening.getsockname()[1]
        return found

    def lead(self, routes: dict[int, Route | None]) -> None:
        """Change where these ports lead, all at once: no request sees half of a change."""
        self._on_loop(self._lead(routes))

    def forget(self, key: str) -> None:
        """The instance of that key has ended."""
        asyncio.run_coroutine_threadsafe(self._connections.forget(key), self._loop)

    def close(self) -> None:
        self._on_loop(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _make_server(self) -> web.Server:
        return web.Server(self._answer, access_log=None, handler_cancellation=True)

    async def _listen(self, listening: socket.socket) -> None:
        self._servers.append(await self._loop.create_server(self._web, sock=listening, backlog=1024))

    async def _lead(self, routes: dict[int, Route | None]) -> None:
        for port, route in routes.items():
            if route is None:
                self._routes.pop(port, None)
            else:
                self._routes[port] = route

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        await self._web.shutdown(1.0)
        await self._connections.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        why = refused(request.headers.getall("Host", []), request.headers.getall("Origin", []), self._names)
        if why is not None:
            return plain(403, why)
        assert request.transport is not None
        port = request.transport.get_extra_info("sockname")[1]
        route = self._routes.get(port)
        if route is None:
            return not_found(request.path)
        given = {name.lower(): value for name, value in request.headers.items()}
        refusal = route.admission.refusal(given) if route.admission else None
        if not route.upstreams:
            return turned_away(refusal, request.path) if refusal else plain(503, UNAVAILABLE)
        upstream, began, passage = route.next(), time.monotonic(), Passage()
        if refusal is not None:
            passage.status, passage.refused = refusal.status, True
            if refusal.status != 404:  # no log entry tells of it: cloud.google.com/run/docs/troubleshooting#404
                self._tell(request, upstream, "", passage, time.monotonic() - began)
            return turned_away(refusal, request.path)
        if route.admission is not None:
            passage.replaced = route.admission.replaced(given)
        instance = ""
        upstream.enter("")
        try:
            target = await self._target(upstream)
            if target is None:
                passage.failed = True
                if upstream.full():
                    passage.status = 429
                    return plain(429, TOO_MANY)
                return plain(503, UNAVAILABLE)
            instance = target.key
            upstream.enter(instance)
            upstream.leave("")
            carry = forward_websocket if wants_websocket(request) else forward
            return await carry(request, target, self._connections.pool(target), passage, upstream.timeout)
        except asyncio.CancelledError:
            passage.status = _CLIENT_GONE
            raise
        finally:
            upstream.leave(instance)
            self._tell(request, upstream, instance, passage, time.monotonic() - began)

    async def _target(self, upstream: Upstream) -> RouteTarget | None:
        """An instance with room: one that runs, one that is started for it, or one that gets free in time."""
        until = self._loop.time() + self._queued
        while (target := upstream.target()) is None:
            if upstream.asleep():
                if not await self._woken(upstream):
                    return None
            elif upstream.full() and self._loop.time() < until:
                await asyncio.sleep(_LOOKS_EVERY)
            else:
                return None
        return target

    async def _woken(self, upstream: Upstream) -> bool:
        """A cold start: requests wait for the instance, all of a revision's in one thread."""
        if upstream not in self._waking:
            self._waking[upstream] = self._loop.run_in_executor(None, upstream.wake)
            self._waking[upstream].add_done_callback(lambda _: self._waking.pop(upstream))
        return await asyncio.shield(self._waking[upstream])

    def _tell(
        self, request: web.BaseRequest, upstream: Upstream, instance: str, passage: Passage, seconds: float
    ) -> None:
        self._note(
            ServedRequest(
                upstream,
                instance,
                request.method,
                f"http://{request.host}{request.raw_path}",
                passage.status,
                seconds,
                request.headers.get("User-Agent", ""),
                request.remote or "",
                passage.received,
                passage.sent,
                passage.failed,
                passage.refused,
            )
        )


def _bind(port: int) -> socket.socket:
    for wanted in (port, 0):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, wanted))
        except OSError:
            listening.close()
            if not wanted:
                raise
        else:
            return listening
    raise AssertionError("port 0 is always tried")
