"""What a target does while it is imported: imports, variables, network, exit."""

from __future__ import annotations

import _thread
import faulthandler
import os
import sys
from time import perf_counter
from types import FrameType
from typing import Any

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.board import Board
from deploy_lib.in_image.probe.metadata import METADATA
from deploy_lib.in_image.probe.paths import Territory


def watch_imports(board: Board) -> dict[str, tuple[float, float]]:
    """Times by module, filled as imports end: (own seconds, with what it imports). Keeps the board's list of names.

    All forms of import pass through this one function of the import system, once per module not yet loaded.
    """
    times: dict[str, tuple[float, float]] = {}
    bootstrap: Any = sys.modules["_frozen_importlib"]
    original, main, inner = bootstrap._find_and_load, _thread.get_ident(), [0.0]

    def find_and_load(name: str, import_: Any) -> Any:
        if _thread.get_ident() != main:
            return original(name, import_)
        board.push(name)
        inner.append(0.0)
        began = perf_counter()
        try:
            return original(name, import_)
        finally:
            spent = perf_counter() - began
            nested = inner.pop()
            inner[-1] += spent
            times.setdefault(name, (spent - nested, spent))
            board.pop()

    # Python leaves frames of this file out of the tracebacks that the application prints.
    find_and_load.__code__ = find_and_load.__code__.replace(co_filename="<frozen importlib._bootstrap>")
    bootstrap._find_and_load = find_and_load
    return times


def watch_environment() -> dict[str, Document]:
    """Names of the variables read, with the first place, whether set, and whether an unset one raised KeyError."""
    reads: dict[str, Document] = {}
    mapping: Any = type(os.environ)
    original = mapping.__getitem__

    def read(self: Any, key: Any) -> Any:
        try:
            value = original(self, key)
        except KeyError:
            note(key, False)
            raise
        note(key, True)
        return value

    def note(key: Any, found: bool) -> None:
        frame: FrameType | None = sys._getframe(2)
        soft = False
        while frame and frame.f_globals.get("__name__") in ("os", "collections.abc"):
            soft, frame = True, frame.f_back  # os.getenv(NAME), NAME in os.environ
        if isinstance(key, str):
            place = "%s:%d" % (frame.f_code.co_filename, frame.f_lineno) if frame else ""
            entry = reads.setdefault(key, {"name": key, "found": found, "required": False, "place": place})
            entry["required"] = entry["required"] or not (found or soft)

    mapping.__getitem__ = read
    return reads


def watch_network(board: Board, territory: Territory) -> None:
    """Keep who of the application asked for which address last. Libraries in C that ask by themselves go unseen."""
    busy: list[bool] = []

    def hear(event: str, args: Any) -> None:
        if event not in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname") or busy:
            return
        busy.append(True)
        try:
            place = args[1] if event == "socket.connect" else args[:2]
            address = ":".join(str(part) for part in place[:2]) if isinstance(place, tuple) else str(place)
            if address != METADATA["address"]:
                board.note_network([address, own_functions(sys._getframe(1), territory)])
        except Exception:  # whatever was given as an address
            return
        finally:
            busy.pop()

    sys.addaudithook(hear)


def own_functions(frame: FrameType | None, territory: Territory) -> list[list[Any]]:
    """[file, function, line] of the application's frames, innermost first."""
    found: list[list[Any]] = []
    while frame and len(found) < 8:
        file = frame.f_code.co_filename
        if frame.f_globals is not globals() and not is_machinery(file) and territory.of_file(file) == "first":
            found.append([file, frame.f_code.co_name, frame.f_lineno])
        frame = frame.f_back
    return found


def watch_exit(crash: int) -> None:
    """os._exit leaves no exception behind: say where it was called from before it goes."""
    leave, own = os._exit, os.getpid()

    def leave_with_trace(status: int) -> Any:
        if os.getpid() == own:
            faulthandler.dump_traceback(crash, all_threads=False)
        leave(status)

    os._exit = leave_with_trace


def is_machinery(file: str) -> bool:
    return file.startswith("<frozen importlib") or file.endswith("/importlib/__init__.py")
