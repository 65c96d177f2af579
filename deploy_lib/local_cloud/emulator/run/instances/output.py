"""A container's two output streams, line by line and in the order they came, as far as two pipes can tell.

One thread reads both: with one for each, a traceback may overtake what was printed before it.
"""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable
from typing import BinaryIO

_LONGEST = 256 * 1024  # bytes of one log entry, https://cloud.google.com/logging/quotas


def copy_lines(stdout: BinaryIO, stderr: BinaryIO, write: Callable[[str, str], None]) -> None:
    """Until both end. `write` takes the stream's name and one line; empty lines are not entries."""
    rest = {"stdout": b"", "stderr": b""}
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ, "stdout")
        selector.register(stderr, selectors.EVENT_READ, "stderr")
        while selector.get_map():
            ready = sorted(selector.select(), key=lambda found: found[0].data, reverse=True)  # stdout first
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fileobj)
                *lines, rest[key.data] = (rest[key.data] + data).split(b"\n")
                if not data or len(rest[key.data]) > _LONGEST:
                    lines, rest[key.data] = [*lines, rest[key.data]], b""
                for line in lines:
                    text = line.decode(errors="replace").rstrip("\r")
                    if text:
                        write(key.data, text)
