"""The process that stands behind a lease, as its holder names it: "ann at laptop (process 4711)"."""

from __future__ import annotations

import os
import re
import socket

_PROCESS = re.compile(r" at (?P<host>\S+) \(process (?P<number>\d+)\)$")


def with_process(who: str) -> str:
    """The holder, with this process where it is a person at a machine."""
    return f"{who} (process {os.getpid()})" if " at " in who else who


def person(holder: str) -> str:
    """The holder without its process."""
    return re.sub(r" \(process \d+\)$", "", holder)


def has_ended(holder: str) -> bool:
    """Whether the process ran on this machine and is gone. False where that cannot be known."""
    found = _PROCESS.search(holder)
    if found is None or found["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(found["number"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
