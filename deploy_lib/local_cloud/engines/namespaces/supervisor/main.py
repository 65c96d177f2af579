"""Entry point of the supervisor process: read the spec, start the command, stay until it ends, tell the engine.

SPEC is a file descriptor with one marshalled dict (written by `sandbox.launch`), STATUS one to which each event is
written as another: {"started": pid}, {"failed": reason, "call": name, "errno": n}, or
{"exit": code, "peak": bytes, "memory_killed": bool}.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys

from .kernel import SystemCallFailed
from .spawn import SetupFailed, start
from .watch import forward_signals, watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def main(arguments: list[str]) -> None:
    spec_handle, status_handle = (int(each) for each in arguments)
    with os.fdopen(spec_handle, "rb") as file:
        spec = marshal.load(file)
    os.set_inheritable(status_handle, False)
    engine = os.pidfd_open(spec["engine"])
    if os.getppid() != spec["engine"]:
        sys.exit(137)  # the engine died before we could watch it
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # a blocked signal would stay blocked in the command
    try:
        child = start(spec)
    except (SystemCallFailed, SetupFailed) as error:
        _tell(status_handle, {"failed": str(error), "call": error.call, "errno": error.number})
        sys.exit(125)
    _close_command_streams()
    child_handle = os.pidfd_open(child)
    forward_signals(child_handle, spec["stop_signal"])  # before anyone is told that there is something to stop
    _tell(status_handle, {"started": child})
    outcome = watch(child, child_handle, engine, spec["memory"])
    _tell(status_handle, outcome)
    os._exit(outcome["exit"])


def _close_command_streams() -> None:
    """Only the command may hold them, so that their end is the command's end."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)


def _tell(handle: int, event: Mapping[str, object]) -> None:
    try:
        os.write(handle, marshal.dumps(dict(event)))
    except BrokenPipeError:
        os._exit(137)
