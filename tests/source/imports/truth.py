"""What a real Python does with a program: imports its entry in a process of its own and says how that ended.

Run as a script, this file reads one [directory, module] per line and forks for each, so an import costs a few
milliseconds and meets nothing that a test has loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Truth:
    """`error` is None when the import went well; `places` are the program's lines on the way to it, innermost last."""

    error: str | None
    message: str = ""
    places: tuple[tuple[str, int], ...] = ()


class Importer:
    """A bare interpreter that is asked as often as needed. `close` ends it."""

    def __init__(self) -> None:
        command = [sys.executable, "-S", "-E", "-B", __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def imported(self, root: object, module: str) -> Truth:
        assert self._process.stdin and self._process.stdout
        print(json.dumps([str(root), module]), file=self._process.stdin, flush=True)
        error, message, places = json.loads(self._process.stdout.readline())
        return Truth(error, message, tuple((path, line) for path, line in places))

    def close(self) -> None:
        from tests.waits import WITHIN  # not at the top: the script that this file also is knows no other tests

        self._process.communicate(timeout=WITHIN)


def _serve() -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    for asked in sys.stdin:
        root, module = json.loads(asked)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            answering = os.dup(1)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            os.write(answering, json.dumps(_import(root, module)).encode() + b"\n")
            os._exit(0)
        os.waitpid(child, 0)


def _import(root: str, module: str) -> object:
    sys.path[0] = root
    sys.setrecursionlimit(400)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("json", "subprocess", "dataclasses")]:
        del sys.modules[name]
    try:
        __import__(module)
    except BaseException as error:  # the program may raise anything
        places = list(_places(error.__traceback__, root))
        if isinstance(error, SyntaxError) and (error.filename or "").startswith(root):
            places.append(((error.filename or "")[len(root) + 1 :], error.lineno or 0))
        return type(error).__name__, str(error), places
    return None, "", []


def _places(trace: TracebackType | None, root: str) -> Iterator[tuple[str, int]]:
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(root):
            yield file[len(root) + 1 :], trace.tb_lineno
        trace = trace.tb_next


if __name__ == "__main__":
    _serve()
