"""Serves routes over HTTP, on loopback and nowhere else, from a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

from aiohttp import web

from deploy_lib.emulator.wire.ports import PortInUse

_CLOSES_WITHIN = 5.0  # seconds


class HttpServer:
    """Serves from the moment it is made until `close`. `port` 0 takes a free one. Raises PortInUse."""

    def __init__(self, routes: Iterable[web.RouteDef], port: int = 0) -> None:
        app = web.Application()
        app.add_routes(routes)
        # A client that hangs on a response must not hold up the end of the local cloud.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._start(port))
        except OSError:
            self._loop.run_until_complete(self._runner.cleanup())
            self._loop.close()
            raise PortInUse(port) from None
        self.port = int(self._runner.addresses[0][1])
        self._thread = threading.Thread(target=self._run, name=f"http-{self.port}", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSES_WITHIN)

    async def _start(self, port: int) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()
