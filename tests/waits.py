"""How tests wait: for what is to happen, and never longer than only a fault can take, however busy the machine is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

WITHIN = 300.0
"""Seconds for anything that takes a moment on an idle machine."""


def until(look: Callable[[], Any], seconds: float = WITHIN, every: float = 0.02) -> Any:
    """What `look` gives as soon as it is true."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        pause.wait(every)
    return found
