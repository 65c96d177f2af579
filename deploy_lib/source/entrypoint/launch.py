"""How a server's process is started, with what its own options change before it imports anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from deploy_lib.source.entrypoint.model import Launch
from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.entrypoint.targets import inside
from deploy_lib.source.option_values import value_of

MODULE_FLAG = re.compile(r"-[bBdEhiIOPqsSuvx]*m")
PYTHON = re.compile(r"python(3(\.\d+)?)?|pypy3?")
TAKES_A_VALUE = {"-X", "-W", "--check-hash-based-pycs"}


def launch_of(program: Program) -> Launch:
    """How the program is started, with what its own options change before it imports anything."""
    directory, variables = program.directory, list(program.assigned)
    if "gunicorn" in program.words:
        directory = inside(program, value_of(program.words, "--chdir") or "")
        given = [after for before, after in pairwise(program.words) if before in ("-e", "--env")]
        variables += [(name, value) for name, equals, value in (each.partition("=") for each in given) if equals]
    flags = _python_flags(program.words[1:]) if PYTHON.fullmatch(program.words[0]) else ()
    return Launch(program.written, flags, program.runner, directory, tuple(variables))


def _python_flags(words: Sequence[str]) -> tuple[str, ...]:
    """Those before the module, the script or the code."""
    flags: list[str] = []
    for before, word in pairwise(("", *words)):
        if before in TAKES_A_VALUE:
            flags.append(word)
        elif MODULE_FLAG.fullmatch(word):
            return (*flags, *([word[:-1]] if len(word) > 2 else []))
        elif not word.startswith("-") or word in ("-", "-c"):
            break
        else:
            flags.append(word)
    return tuple(flags)
