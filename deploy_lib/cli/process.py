"""The process of one command: from its first line until it is gone, a signal ends it with a documented exit code.

A signal's default action would end it with none, and Python gives that action back before it has left. So the handlers
set here stay, and the process leaves past Python's shutdown. Imports nothing that takes time, for the time until then
is the one in which a signal still has its default action.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from deploy_lib.cli.called import NAME

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # a terminal that is closed sends the last one
INTERRUPTED = 130
UNWRITTEN = 4
COLLECTED_AFTER = 50_000
"""More objects than garbage is looked for every time (700): modules are most of what a command makes, and they stay."""
PLUGINS = "PYDANTIC_DISABLE_PLUGINS"
"""Where the plugins of pydantic are switched off: it looks for them in the metadata of every installed package, and a
plugin would change what a configuration file may say
(https://docs.pydantic.dev/latest/concepts/plugins/#disabling-plugins)."""
Handler = Callable[[int, FrameType | None], None]


def carry_out(argv: list[str], run: Callable[[list[str]], int]) -> NoReturn:
    """Ends the process with the code that `run` returns or exits with.

    The first signal raises KeyboardInterrupt in it, wherever it is; the next ends the process at once.
    """
    signals = _Signals()
    try:
        set_handlers(signals)
        with_signals()
        _start_quickly()
        end(_code_of(argv, run))
    except KeyboardInterrupt:
        with suppress(OSError, ValueError):
            print(f"{NAME}: interrupted", file=sys.stderr)
        end(INTERRUPTED)


def set_handlers(handler: Handler) -> dict[signal.Signals, Any]:
    """What they were before. A signal that is ignored (nohup) stays so."""
    return {each: signal.signal(each, handler) for each in stops() if signal.getsignal(each) is not signal.SIG_IGN}


def stops() -> tuple[signal.Signals, ...]:
    """The signals by which a person or a CI system stops a command, those that this system has."""
    return tuple(signal.Signals[name] for name in NAMES if hasattr(signal, name))


def without_signals() -> None:
    """Signals wait from here on, also in the program that this process becomes, until `with_signals`."""
    if hasattr(signal, "pthread_sigmask"):  # not on Windows
        signal.pthread_sigmask(signal.SIG_BLOCK, stops())


def with_signals() -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops())


def is_own() -> bool:
    """Whether the process is there for one command alone; in another program, handlers are given back."""
    return any(isinstance(signal.getsignal(each), _Signals) for each in stops())


def end(code: int) -> NoReturn:
    """What was printed is written out. No signal changes the code; the second one ends what holds that up."""
    signal.set_wakeup_fd(-1)
    set_handlers(_Signals(code, first=lambda: None))
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _start_quickly() -> None:
    """Without what costs a command a sixth of its time and gives it nothing."""
    gc.set_threshold(COLLECTED_AFTER)
    os.environ.setdefault(PLUGINS, "__all__")


def _interrupt() -> None:
    raise KeyboardInterrupt


class _Signals:
    """A handler: the first signal does `first`, each of the others ends the process with `code`."""

    def __init__(self, code: int = INTERRUPTED, first: Callable[[], None] = _interrupt) -> None:
        self._code = code
        self._first = first
        self._come = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._come += 1
        if self._come > 1:
            os._exit(self._code)
        self._first()


def _code_of(argv: list[str], run: Callable[[list[str]], int]) -> int:
    """Of what was printed, too: a good code says nothing that nobody could read. A reader who left has read enough."""
    code = 0
    try:
        try:
            code = run(argv)
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        if sys.stdout is not None:
            with suppress(BrokenPipeError):
                sys.stdout.flush()
    except OSError as problem:
        with suppress(OSError, ValueError):
            print(f"{NAME}: standard output: {problem.strerror or problem}", file=sys.stderr)
        return code or UNWRITTEN
    return code
