"""Threads whose failures are reported and end what depends on them.

An exception that nobody foresaw must not end a thread in silence: whoever waits for its work would wait for ever. So
every thread is made here, and says what follows when its work fails.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterable


def start_worker(work: Callable[[], object], name: str, failed: Callable[[Exception], None]) -> threading.Thread:
    """Begins `work` in a thread of its own that keeps no process alive; the thread.

    What `work` raises goes to standard error with its traceback, then to `failed`, which answers or releases
    everybody who waits for this work.
    """

    def run() -> None:
        try:
            work()
        except Exception as error:
            print(f"{name} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            failed(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def side_by_side(works: Iterable[Callable[[], object]], name: str) -> None:
    """Carries all of them out at once and waits for their end; then raises what one of them raised, if any did."""
    failed: list[Exception] = []
    for thread in [start_worker(work, name, failed.append) for work in works]:
        thread.join()
    if failed:
        raise failed[0]


def explain(error: Exception) -> str:
    """For whoever is answered: that the fault is the local cloud's, and what it was."""
    return f"the local cloud failed: {type(error).__name__}: {error}"


def unheard(error: Exception) -> None:
    """For work that nobody waits for."""
