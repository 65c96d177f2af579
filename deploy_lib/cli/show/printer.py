"""Lines to a stream, in their order, from whatever thread. The reader of a pipe or a terminal may stop at any time."""

from __future__ import annotations

import os
import select
import sys
import threading
from contextlib import suppress
from typing import TextIO

from deploy_lib.cli.called import NAME
from deploy_lib.cli.show.writer_thread import WriterThread, descriptor

UNREAD = f"{NAME}: the output is no longer read; the last lines were:\n"


class Printer:
    """A stream in memory is written at once; what has a descriptor, by a thread."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._encoding = out.encoding or "utf-8"
        self._lock = threading.Lock()
        number = descriptor(out)
        self._thread = None if number is None else WriterThread(number)
        self._left_out = 0
        self._last = ""
        with suppress(BrokenPipeError):  # nobody reads: the thread meets it too, and the release goes on
            out.flush()

    def put(self, text: str, *, progress: bool = False, last: bool = False) -> None:
        """One line. Progress may be left out for a slow reader; the last lines go to standard error when none reads."""
        if last:
            self._last += f"{text}\n"
        if self._thread is None:
            with self._lock:
                print(text, file=self._out, flush=True)
            return
        if progress and self._thread.behind:
            self._left_out += 1
            return
        missing, self._left_out = self._left_out, 0
        note = f"({missing} lines of progress were left out: the output was not read fast enough)\n" if missing else ""
        thread, whole = self._thread, f"{note}{text}\n"
        thread.put(lambda: thread.write(whole, self._encoding))

    def close(self) -> None:
        """Within seconds, whether anybody reads or not."""
        if self._thread is not None and not self._thread.close():
            write_to_stderr(f"{UNREAD}{self._last}")


def write_to_stderr(text: str) -> None:
    """On standard error, if that can take it at once: it may be the same pipe."""
    number = descriptor(sys.stderr)
    if number is None:
        sys.stderr.write(text)
        return
    try:
        if select.select([], [number], [], 0)[1]:
            os.write(number, text.encode("utf-8", "backslashreplace")[:4000])
    except (OSError, ValueError):
        return
