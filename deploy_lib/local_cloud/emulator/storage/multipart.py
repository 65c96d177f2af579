"""A multipart/related body, a part at a time (https://www.rfc-editor.org/rfc/rfc2387).

As Google does, it takes a boundary in single quotes and lines that end in LF alone: gcloud sends both [client].
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import StreamReader
from aiohttp.helpers import parse_mimetype

from .model import StorageRefusal

_CHUNK = 256 * 1024
_LONGEST_HEAD = 64 * 1024  # bytes


class RelatedParts:
    """Call `next_part`, then read that part's `chunks` to their end, and so on. All raise StorageRefusal 400."""

    def __init__(self, content_type: str, content: StreamReader) -> None:
        boundary = parse_mimetype(content_type).parameters.get("boundary", "").strip("'")
        if not boundary:
            raise _bad("Missing boundary in multipart body.")
        self._content, self._boundary = content, b"--" + boundary.encode("utf-8", "surrogateescape")
        self._buffer, self._delimiter = b"", b""

    async def next_part(self) -> dict[str, str]:
        """The part's headers, their names in lower case."""
        line = await self._line()
        while not self._delimiter and line.rstrip(b"\r\n") != self._boundary:  # a preamble
            line = await self._line()
        if not self._delimiter:
            self._delimiter = line[len(self._boundary) :] + self._boundary
        elif line.strip():  # the end, where another part was to come
            raise _bad("Missing end boundary in multipart body.")
        found = {}
        while (line := await self._line()).strip():
            name, _, value = line.decode("utf-8", "replace").partition(":")
            found[name.strip().lower()] = value.strip()
        return found

    async def whole(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        """What stands before the next boundary."""
        while (at := self._buffer.find(self._delimiter)) < 0:
            ready = len(self._buffer) - len(self._delimiter)
            if ready > 0:
                yield self._buffer[:ready]
                self._buffer = self._buffer[ready:]
            await self._more()
        if at:
            yield self._buffer[:at]
        self._buffer = self._buffer[at + len(self._delimiter) :]

    async def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_HEAD:
                raise _bad("A line of a multipart header is too long.")
            await self._more()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    async def _more(self) -> None:
        chunk = await self._content.read(_CHUNK)
        if not chunk:
            raise _bad("Missing end boundary in multipart body.")
        self._buffer += chunk


def _bad(message: str) -> StorageRefusal:
    return StorageRefusal(400, "badContent", message)
