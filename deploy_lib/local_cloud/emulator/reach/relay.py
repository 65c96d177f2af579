"""Carries connections from inside containers to addresses of this machine, byte for byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ...worker import start_worker, unheard

_PIECE = 64 * 1024
_PATIENCE = 30.0  # seconds for a connection to be made
_RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: closing sends a reset, as a refused connection would

Find = Callable[[], tuple[str, int] | None]
"""Where a new connection leads; None when there is nothing at present."""
Complain = Callable[[str], None]
"""Told why a connection was not made."""

T = TypeVar("T")


class Relay:
    """One thread for all connections of all containers. May be used from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = start_worker(self._loop.run_forever, "reach", unheard)

    def serve(self, listener: socket.socket, find: Find, complain: Complain) -> asyncio.Server:
        """Takes over the listening socket; every connection to it leads where `find` says at that moment."""

        async def serve() -> asyncio.Server:
            async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                self._connections.add(task)
                try:
                    await _carry(reader, writer, find, complain)
                finally:
                    self._connections.discard(task)

            return await asyncio.start_server(carry, sock=listener)

        return self._on_loop(serve())

    def end(self, servers: list[asyncio.Server]) -> None:
        """They take no more connections. Returns at once."""

        def close() -> None:
            for server in servers:
                server.close()

        with contextlib.suppress(RuntimeError):  # the loop is closed, and everything with it
            self._loop.call_soon_threadsafe(close)

    def close(self) -> None:
        self._on_loop(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel(self) -> None:
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, find: Find, complain: Complain) -> None:
    place, why = find(), "nothing was named for it, or there is no such service"
    if place is not None:
        try:
            there = await asyncio.wait_for(asyncio.open_connection(*place), _PATIENCE)
        except (OSError, TimeoutError) as error:
            place, why = None, str(error) or "no answer"
    if place is None:
        complain(why)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
        return
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
    finally:
        there[1].close()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction until its end, which is passed on; a broken connection breaks the other one off."""
    try:
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
    except asyncio.CancelledError:
        writer.transport.abort()
        raise
