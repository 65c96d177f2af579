"""Standard output and standard error as every command needs them. Imports next to nothing: `--help` waits for it."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


class ReaderLeft(Exception):
    """Nobody reads standard output any more, and the command is there only to be read."""


class _Unread(io.StringIO):
    """In place of a stream whose reader has left."""

    def write(self, text: str) -> int:
        return len(text)


def prepare_streams() -> None:
    """Once, at the start: what the encoding of a stream lacks is written as its code; a closed stream takes all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  it lasts as long as we do
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def put_line(text: str, stream: TextIO, end: str = "\n") -> None:
    """Once its reader has left, nothing more is written to it; the command goes on, to its exact exit code."""
    try:
        print(text, file=stream, end=end)
    except BrokenPipeError:
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is stream:
                setattr(sys, name, _Unread())


def flush_to_reader() -> None:
    """For what goes on for as long as somebody reads it. Raises ReaderLeft."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderLeft from None
    if isinstance(sys.stdout, _Unread):
        raise ReaderLeft
