"""An HTTP proxy for CONNECT alone that leads Google's names to this machine and refuses all others.

So no call of a client behind it can reach the real cloud. https://www.rfc-editor.org/rfc/rfc9110#name-connect
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable

from ...worker import start_worker, unheard
from ..wire.ports import HOST, PortInUse
from .certificate import GcloudUnavailable

_CLOSES_WITHIN = 5.0  # seconds
_GOOGLES = re.compile(r"(?:[a-z0-9-]+\.)+googleapis\.com:443", re.IGNORECASE)
_CHUNK = 64 * 1024


class ConnectProxy:
    """Serves from the moment it is made until `close`. `way` gives host and port, or raises GcloudUnavailable."""

    def __init__(self, way: Callable[[], tuple[str, int]], port: int = 0) -> None:
        self._way = way
        self._loop = asyncio.new_event_loop()
        try:
            server = self._loop.run_until_complete(asyncio.start_server(self._serve, HOST, port))
        except OSError:
            self._loop.close()
            raise PortInUse(port) from None
        self._server = server
        self.port = int(server.sockets[0].getsockname()[1])
        self._thread = start_worker(self._run, f"proxy-{self.port}", unheard)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSES_WITHIN)

    def _run(self) -> None:
        self._loop.run_forever()
        self._server.close()
        self._loop.run_until_complete(_end(asyncio.all_tasks(self._loop)))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            there, back = await self._connected(head.split(b"\r\n", 1)[0].decode("ascii", "replace"))
        except GcloudUnavailable as refusal:
            writer.write(f"HTTP/1.1 502 {refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            return
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with contextlib.suppress(asyncio.CancelledError):  # the local cloud ends; the server asks how this task ended
            await asyncio.gather(_copy(reader, back), _copy(there, writer))

    async def _connected(self, line: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        verb, _, rest = line.partition(" ")
        target = rest.partition(" ")[0]
        if verb != "CONNECT" or not _GOOGLES.fullmatch(target):
            raise GcloudUnavailable(
                f"the local cloud's proxy leads to googleapis.com alone, not to {ascii(target)[1:100]}"
            )
        return await asyncio.open_connection(*self._way())


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the sender ends or either side breaks off, of which the other is told by the end."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
