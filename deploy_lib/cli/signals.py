"""Ctrl-C and a CI system's cancellation: the first stops and restores, the second stops at once.

A second signal also ends a call that hangs somewhere out of reach of the clock, after a moment of grace. Nothing
is lost by that: the journal is on the disk before every effect, and `resume` takes it up.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from deploy_lib.cli.program import shorter
from deploy_lib.drivers.clock import SystemClock

GRACE = 3.0  # seconds between the second signal and the end of the process, whatever it waits for
EXIT = 130


@contextmanager
def stopping(clock: SystemClock, afterwards: str) -> Iterator[None]:
    """While the block runs, SIGINT and SIGTERM stop the clock; afterwards they mean what they meant before.

    `afterwards` is the command that takes up what is left unfinished.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        clock.stop(signal.Signals(number).name)
        if clock.stops == 2:
            threading.Thread(target=_end, daemon=True).start()

    def _end() -> None:
        threading.Event().wait(GRACE)
        sys.stderr.write(f"deploy_to_gcp.py: stopped at once; {shorter(afterwards)} takes it up\n")
        sys.stderr.flush()
        os._exit(EXIT)

    numbers = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
