"""Watches process 1 until it exits: forwards signals, measures memory, notices the engine's death.

The engine is watched through a pidfd, which speaks for the whole process; the kernel's own parent-death signal
speaks for one thread, and an engine starts containers from threads that come and go.
"""

from __future__ import annotations

import os
import select
import signal

from .memory import measure_tree

_BUSY, _CALM = 0.02, 0.1  # seconds between two looks: above half of the limit, below it


def watch(child: int, child_handle: int, engine: int, limit: int | None) -> dict[str, int]:
    """`exit`, the code as docker tells it: the command's own, or 128 + the signal that ended it; `peak`, in bytes; and
    whether it was killed for its memory, `memory_killed`."""
    peak, memory_killed = 0, False
    poller = select.poll()
    for handle in (child_handle, engine):
        poller.register(handle, select.POLLIN)
    while True:
        pause = _BUSY if limit and peak > limit // 2 else _CALM
        ready = {handle for handle, _ in poller.poll(pause * 1000)}
        if child_handle in ready:
            break
        if engine in ready:
            signal.pidfd_send_signal(child_handle, signal.SIGKILL)
            poller.unregister(engine)
        used = measure_tree(child, limit or 0)
        peak = max(peak, used)
        if limit and used > limit and not memory_killed:
            memory_killed = True
            signal.pidfd_send_signal(child_handle, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    peak = max(peak, usage.ru_maxrss * 1024)
    return {"exit": 128 - code if code < 0 else code, "peak": peak, "memory_killed": memory_killed}


def forward_signals(child: int, stop_signal: int) -> None:
    """SIGTERM becomes the image's stop signal, SIGUSR1 a kill; `child` is a pidfd."""

    def forward(received: int, _frame: object) -> None:
        sent = stop_signal if received == signal.SIGTERM else signal.SIGKILL
        try:  # noqa: SIM105  contextlib is not imported for it
            signal.pidfd_send_signal(child, sent)
        except ProcessLookupError:
            pass

    signal.signal(signal.SIGTERM, forward)
    signal.signal(signal.SIGUSR1, forward)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the engine decides
