"""A container's command line as the programs it ends up running: shells, prefixes and wrappers taken off.

Only what is common in Dockerfiles of Python services is understood. A command that is not understood is left out, so
the worst that can happen is that no entrypoint is known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploy_lib.source.entrypoint.script import follow
from deploy_lib.source.entrypoint.wrappers import expanded, unwrapped

SHELLS = {"sh", "bash", "ash", "dash", "zsh"}
_IS_COMMAND = re.compile(r"-\w*c|--command")


@dataclass(frozen=True, slots=True)
class Program:
    """One program as it is run: `words` begins with its name, without the directory.

    `written` is the name with it, `runner` the wrapper that chooses its environment, `assigned` the variables set on
    the way; in these two variables are not expanded. `branch`: whether it runs depends on a condition. `doubt` is why
    the directory is not sure, empty when it is.
    """

    words: tuple[str, ...]
    directory: str
    env: Mapping[str, str]
    written: str = ""
    runner: tuple[str, ...] = ()
    assigned: tuple[tuple[str, str], ...] = ()
    branch: bool = False
    doubt: str = ""


def programs(command: Sequence[str], directory: str, env: Mapping[str, str]) -> list[Program]:
    """The programs that a command runs one after the other; the last one stays."""
    return list(_programs(tuple(command), directory, dict(env), (), depth=4))


def _programs(
    words: tuple[str, ...], directory: str, env: dict[str, str], assigned: tuple[tuple[str, str], ...], depth: int
) -> Iterator[Program]:
    bare = unwrapped(words, env)
    words, assigned = bare.words, (*assigned, *bare.assigned)
    if not words or not depth:
        return
    name = posixpath.basename(expanded(words[0], env))
    if name in SHELLS or name == "su":
        flags = [position for position, word in enumerate(words[1:], 1) if _IS_COMMAND.fullmatch(word)]
        if flags and flags[0] + 1 < len(words):
            yield from shell_programs(words[flags[0] + 1], directory, env, depth=depth - 1, assigned=assigned)
            return
    arguments = tuple(expanded(word, env) for word in words[1:])
    yield Program((name, *arguments), directory, dict(env), words[0], bare.runner, assigned)


def shell_programs(
    text: str,
    directory: str,
    env: Mapping[str, str],
    arguments: Sequence[str] = (),
    *,
    depth: int = 4,
    assigned: tuple[tuple[str, str], ...] = (),
    script: str = "",
    read: Callable[[str], str | None] = lambda path: None,
) -> Iterator[Program]:
    """The same for shell text; `arguments` stand for "$@", `script` is its image path, `read` gives text of others."""
    for each in follow(text, directory, env, arguments, script, read, assigned):
        for program in _programs(each.words, each.directory, dict(each.env), each.assigned, depth):
            yield replace(program, branch=program.branch or each.branch, doubt=program.doubt or each.doubt)
