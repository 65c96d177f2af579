"""Starts small helper processes of this package, wherever it lies and whatever its name is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

_PROGRAM = """import sys
sys.path.insert(0, {root!r})
from {module} import {name}
{name}(sys.argv[1:])"""


def helper_command(main: Callable[[list[str]], None]) -> list[str]:
    """The command that calls `main`, a function of a module here, with the arguments that follow the command.

    Its interpreter is a bare one: no environment, no installed packages, nothing imported but what `main` needs, so
    that it starts in 20 ms.
    """
    top = sys.modules[main.__module__.partition(".")[0]]
    root = str(Path(next(iter(top.__path__))).resolve().parent)
    program = _PROGRAM.format(root=root, module=main.__module__, name=main.__name__)
    return [sys.executable, "-I", "-S", "-c", program]
