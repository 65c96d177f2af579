"""A file that exists in memory only, to hand to a process: for input, and for what must not be on a command line."""

from __future__ import annotations

import os


def hold_in_memory(name: str, content: bytes) -> int:
    """A descriptor at the content's start; the caller closes it."""
    handle = os.memfd_create(name)
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(handle, 0, os.SEEK_SET)
    except BaseException:
        os.close(handle)
        raise
    return handle
