"""Atomic writes."""

from __future__ import annotations

import errno
import os
import uuid
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """The file is absent, the old one or the new one, also when this process is killed or the disk is full.

    What UTF-8 cannot hold of a text becomes a question mark. Raises OSError, and leaves nothing beside it then.
    """
    if not path.name:  # "." and "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        fresh.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
