"""A few routes of the local cloud's HTTP port, served on loopback for one test module."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Iterator

from aiohttp import web


@contextlib.contextmanager
def serving(routes: Iterable[web.RouteDef]) -> Iterator[str]:
    loop, ready, url = asyncio.new_event_loop(), threading.Event(), ""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)

    async def start() -> None:
        nonlocal url
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()

    def run() -> None:
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
