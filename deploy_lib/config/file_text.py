"""The text of a configuration file: of a regular file only, and never more of it than a configuration can need."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_BYTES = 256_000
"""A hundred services written out in full take a quarter of this."""


class NotReadable(Exception):
    """Why the file was not read, as a clause that can follow its name."""


def read_text(path: Path, kind: str = "a YAML file") -> str:
    """Raises NotReadable, which asks for a file of that kind. Never waits for a writer, and never reads what has no
    end: the file is opened unblocked."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise NotReadable("there is no such file") from None
    except OSError as error:
        raise NotReadable(_special(path, kind) or f"cannot be read: {error.strerror}") from None
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise NotReadable(f"this is a directory; name {kind}")
        if not stat.S_ISREG(mode):
            raise NotReadable(_NOT_REGULAR.format(kind))
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotReadable(f"cannot be read: {error.strerror}") from None
    finally:
        os.close(handle)
    if len(content) > MAX_BYTES:
        raise NotReadable(f"the file is larger than {MAX_BYTES} bytes; is it the right one?")
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise NotReadable(f"not UTF-8 text (byte {error.start})") from None


_NOT_REGULAR = "not a regular file; name {}"


def _special(path: Path, kind: str) -> str:
    """A socket cannot even be opened."""
    try:
        return _NOT_REGULAR.format(kind) if stat.S_ISSOCK(path.stat().st_mode) else ""
    except OSError:
        return ""
