"""Standard output and standard error as every command needs them. Imports next to nothing: `--help` waits for it."""

from __future__ import annotations

import os
import sys


def prepare_streams() -> None:
    """Once, at the start: what the encoding of a stream lacks is written as its code; a closed stream takes all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  it lasts as long as we do
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
