"""Ctrl-C and a CI system's cancellation: the first stops and restores, the second stops at once.

The system's handler writes each signal's number into a socket where a thread waits. Neither a lock nor a stream
that the rest waits for can keep it from ending the process. Nothing is lost by that: the journal is on
the disk before every effect, and `resume` takes it up.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from deploy_lib.cli.called import NAME
from deploy_lib.cli.process import INTERRUPTED, is_own, set_handlers, stops
from deploy_lib.cli.program import shorter
from deploy_lib.drivers.clock import SystemClock

GRACE = 1.0  # seconds between the second signal and the end of the process, whatever it waits for
SAYING = 0.5  # seconds that a blocked standard error may cost on top


@contextmanager
def stopping(
    clock: SystemClock,
    afterwards: str,
    answer: Callable[[str], None] = lambda by: None,
    cut_short: Callable[[], None] = lambda: None,
) -> Iterator[StopListener]:
    """While the block runs, SIGINT, SIGTERM and SIGHUP stop the clock.

    Afterwards they mean what they meant before; in a process that runs one command they have nothing left to stop, and
    the second of all still ends it. `afterwards` is the command that takes up what is left unfinished. `answer` is
    told the first signal's name at once, from a thread that must not be held up; `cut_short` is called before the
    second ends the process, for a moment.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    last_word = f"{NAME}: stopped at once; {shorter(afterwards)} takes it up"
    listener = StopListener(receiver, sender, clock, answer, cut_short, last_word)
    threading.Thread(target=listener.run, name="signals", daemon=True).start()
    own = is_own()
    earlier = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    before = set_handlers(_wake)
    try:
        yield listener
    finally:
        if not own and listener.stops < 2:  # of two, the process ends in a moment, and a third must not change how
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(earlier)
            sender.close()


def _wake(number: int, frame: FrameType | None) -> None:
    """Being there is enough: with a handler set, the signal is written into the socket."""


@dataclass(slots=True)
class StopListener:
    """Counts the signals that come through the socket. `last_word` is for who sent two."""

    receiver: socket.socket
    sender: socket.socket  # held, so that it is open for as long as signals may come
    clock: SystemClock
    answer: Callable[[str], None]
    cut_short: Callable[[], None]
    last_word: str
    stops: int = 0
    code: int | None = None

    def decided(self, code: int) -> int:
        """The same code. The command's outcome is known, and no signal changes it from now on."""
        self.code = code
        return code

    def run(self) -> None:
        """Returns when the other end of the socket is closed."""
        numbers = {*stops()}
        with self.receiver:
            while number := self.receiver.recv(1):
                if number[0] not in numbers:
                    continue
                self.stops += 1
                name = signal.Signals(number[0]).name
                if self.stops == 1 and self.code is None:
                    self.answer(name)
                if self.stops == 2:
                    threading.Thread(target=self._end, daemon=True).start()
                self.clock.stop(name)

    def _end(self) -> None:
        threading.Event().wait(GRACE)
        if self.code is None:
            saying = threading.Thread(target=self._say, daemon=True)
            saying.start()
            saying.join(SAYING)
        os._exit(INTERRUPTED if self.code is None else self.code)

    def _say(self) -> None:
        """Past every stream of the program: another thread may be writing there, and be held up."""
        with suppress(OSError):
            os.write(2, f"{self.last_word}\n".encode("utf-8", "backslashreplace"))
        self.cut_short()
