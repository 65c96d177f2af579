"""Says that something takes a while, and at a terminal shows that it moves."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from deploy_lib.cli.show.console import say_error

INTERVAL = 0.5  # seconds


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """While the block runs, on standard error: the text, once; at a terminal also the seconds that have gone by."""
    say_error(text)
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    done, began = threading.Event(), time.monotonic()

    def count() -> None:
        while not done.wait(INTERVAL):
            print(f"\r  {time.monotonic() - began:.0f} s", end="", file=sys.stderr, flush=True)

    thread = threading.Thread(target=count, name="spinner", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(INTERVAL)
        print("\r        \r", end="", file=sys.stderr, flush=True)
