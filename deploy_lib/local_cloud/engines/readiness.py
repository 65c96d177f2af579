"""Waits until a file can be read, whatever its number: select() refuses those from 1024 on."""

from __future__ import annotations

import select


def is_readable(handle: int, seconds: float) -> bool:
    """Whether it can be read, or has ended, within that time."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
