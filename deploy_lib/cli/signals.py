"""Ctrl-C and a CI system's cancellation: the first stops and restores, the second stops at once.

The system's own handler writes each signal's number into a socket where a thread waits. Neither a lock nor a stream
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

from deploy_lib.cli.program import shorter
from deploy_lib.drivers.clock import SystemClock

GRACE = 1.0  # seconds between the second signal and the end of the process, whatever it waits for
SAYING = 0.5  # seconds that a blocked standard error may cost on top
EXIT = 130
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # a terminal that is closed sends the last one


@contextmanager
def stopping(clock: SystemClock, afterwards: str, answer: Callable[[str], None] = lambda by: None) -> Iterator[None]:
    """While the block runs, the signals of NAMES stop the clock; afterwards they mean what they meant before.

    `afterwards` is the command that takes up what is left unfinished. `answer` is told the first signal's name at
    once, from a thread that must not be held up. A signal that is ignored (nohup) stays so.
    """
    known = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    numbers = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]
    heard, told = socket.socketpair()
    told.setblocking(False)
    last_word = f"deploy_to_gcp.py: stopped at once; {shorter(afterwards)} takes it up"
    listener = _Listener(heard, set(numbers), clock, answer, last_word)
    threading.Thread(target=listener.run, name="signals", daemon=True).start()
    before = {number: signal.signal(number, _wake) for number in numbers}
    earlier = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        if listener.stops < 2:  # else the process ends in a moment, and a third signal must not end it otherwise
            signal.set_wakeup_fd(earlier)
            for number, handler in before.items():
                signal.signal(number, handler)
            told.close()


def _wake(number: int, frame: FrameType | None) -> None:
    """Being there is enough: with a handler of its own the signal is written into the socket."""


@dataclass(slots=True)
class _Listener:
    """Counts the signals that come through the socket. `last_word` is for who sent two."""

    heard: socket.socket
    numbers: set[int]
    clock: SystemClock
    answer: Callable[[str], None]
    last_word: str
    stops: int = 0

    def run(self) -> None:
        """Returns when the other end of the socket is closed."""
        with self.heard:
            while told := self.heard.recv(1):
                if told[0] not in self.numbers:
                    continue
                self.stops += 1
                name = signal.Signals(told[0]).name
                if self.stops == 1:
                    self.answer(name)
                if self.stops == 2:
                    threading.Thread(target=self._end, daemon=True).start()
                self.clock.stop(name)

    def _end(self) -> None:
        threading.Event().wait(GRACE)
        saying = threading.Thread(target=self._say, daemon=True)
        saying.start()
        saying.join(SAYING)
        os._exit(EXIT)

    def _say(self) -> None:
        """Past every stream of the program: another thread may be writing there, and be held up."""
        with suppress(OSError):
            os.write(2, f"{self.last_word}\n".encode("utf-8", "backslashreplace"))
