"""One pool of connections per running instance, made from sockets of that instance's own network."""

from __future__ import annotations

import asyncio

import aiohttp

from .route import RouteTarget

# Shorter than any common server keeps an idle connection (gunicorn 2 s, uvicorn 5 s): a request that cannot be
# repeated must not meet a server that is just closing.
_KEPT = 1.0


class Connections:
    """Belongs to the ingress's event loop."""

    def __init__(self) -> None:
        self._pools: dict[str, aiohttp.ClientSession] = {}

    def pool(self, target: RouteTarget) -> aiohttp.ClientSession:
        found = self._pools.get(target.key)
        if found is None:
            connector = aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=_KEPT,
                happy_eyeballs_delay=None,
                socket_factory=lambda _: target.dial(),
            )
            found = self._pools[target.key] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers={"Accept", "Accept-Encoding", "Content-Type", "User-Agent"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            )
        return found

    async def forget(self, key: str) -> None:
        found = self._pools.pop(key, None)
        if found is not None:
            await found.close()

    async def close(self) -> None:
        await asyncio.gather(*(self.forget(key) for key in list(self._pools)))
