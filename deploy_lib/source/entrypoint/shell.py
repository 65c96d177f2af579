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

_SHELLS = {"sh", "bash", "ash", "dash", "zsh"}
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_IS_COMMAND = re.compile(r"-\w*c|--command")
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-=]([^{}]*))?\}|\$(\w+)")


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """A program that runs another one: `before` the command stand so many arguments, and flags of which `valued` take
    a value ("*": all). One that `chooses` decides which environment's programs are found."""

    before: int = 0
    valued: str = ""
    chooses: bool = False

    def takes_value(self, flag: str) -> bool:
        return "=" not in flag and flag != "--" and (self.valued == "*" or flag in self.valued.split())


_UV = (
    "-p --python --project --directory --extra --group --only-group --no-group --with --with-editable --package "
    "--with-requirements --env-file --index --default-index --index-url -i --extra-index-url --cache-dir --config-file"
)
_CONDA = _Wrapper(valued="-n --name -p --prefix --cwd", chooses=True)
_WRAPPERS: Mapping[tuple[str, ...], _Wrapper] = {
    ("exec",): _Wrapper(valued="-a"),
    ("env",): _Wrapper(valued="-u --unset -C --chdir"),
    ("tini",): _Wrapper(valued="-p -e"),
    ("dumb-init",): _Wrapper(valued="--rewrite -r"),
    ("catatonit",): _Wrapper(),
    ("nohup",): _Wrapper(),
    ("nice",): _Wrapper(valued="-n"),
    ("gosu",): _Wrapper(1),
    ("su-exec",): _Wrapper(1),
    ("setpriv",): _Wrapper(valued="--reuid --regid --groups"),
    ("timeout",): _Wrapper(1, valued="-k --kill-after -s --signal"),
    ("ddtrace-run",): _Wrapper(),
    ("opentelemetry-instrument",): _Wrapper(valued="*"),
    ("newrelic-admin", "run-program"): _Wrapper(),
    ("doppler", "run"): _Wrapper(valued="-p --project -c --config -t --token --scope --mount --name-transformer"),
    ("infisical", "run"): _Wrapper(valued="--env --path --projectId --token --tags"),
    ("op", "run"): _Wrapper(valued="--env-file --account"),
    ("chamber", "exec"): _Wrapper(1),
    ("runuser",): _Wrapper(valued="-u --user -g --group"),
    ("s6-setuidgid",): _Wrapper(1),
    ("setsid",): _Wrapper(),
    ("stdbuf",): _Wrapper(valued="-i -o -e"),
    ("ionice",): _Wrapper(valued="-c -n --class --classdata"),
    ("xvfb-run",): _Wrapper(valued="-n -s --server-num --server-args -e -f"),
    ("debugpy",): _Wrapper(valued="--listen --connect --log-to"),
    ("rye", "run"): _Wrapper(chooses=True, valued="--pyproject"),
    ("pixi", "run"): _Wrapper(chooses=True, valued="-e --environment --manifest-path"),
    ("poetry", "run"): _Wrapper(chooses=True, valued="-C --directory -P --project"),
    ("pipenv", "run"): _Wrapper(chooses=True),
    ("pdm", "run"): _Wrapper(chooses=True, valued="-p --project"),
    ("uv", "run"): _Wrapper(chooses=True, valued=_UV),
    ("conda", "run"): _CONDA,
    ("mamba", "run"): _CONDA,
    ("micromamba", "run"): _CONDA,
}


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


@dataclass(frozen=True, slots=True)
class _Bare:
    """A command without what was wrapped around it."""

    words: tuple[str, ...]
    runner: tuple[str, ...] = ()
    assigned: tuple[tuple[str, str], ...] = ()


def programs(command: Sequence[str], directory: str, env: Mapping[str, str]) -> list[Program]:
    """The programs that a command runs one after the other; the last one stays."""
    return list(_programs(tuple(command), directory, dict(env), (), depth=4))


def script_of(command: Sequence[str], directory: str) -> tuple[str, tuple[str, ...]] | None:
    """The shell script that the command runs, as the image knows it, and its arguments; a script may have any name."""
    words = _unwrapped(tuple(command), {}).words
    if words and posixpath.basename(words[0]) in _SHELLS:
        words = words[len(words) - len(_without_flags(words[1:], _Wrapper())) :]
    elif words and "/" not in words[0] and not words[0].endswith(".sh"):
        return None  # found on PATH
    if not words or words[0].endswith(".py"):
        return None
    return posixpath.normpath(posixpath.join(directory, words[0])), words[1:]


def is_read_by_a_shell(command: Sequence[str]) -> bool:
    """`sh start.sh`, where the system does not start the script itself."""
    words = _unwrapped(tuple(command), {}).words
    return (
        bool(words)
        and posixpath.basename(words[0]) in _SHELLS
        and not any(re.fullmatch(r"-\w*c", word) for word in words[1:2])
    )


def _programs(
    words: tuple[str, ...], directory: str, env: dict[str, str], assigned: tuple[tuple[str, str], ...], depth: int
) -> Iterator[Program]:
    bare = _unwrapped(words, env)
    words, assigned = bare.words, (*assigned, *bare.assigned)
    if not words or not depth:
        return
    name = posixpath.basename(expanded(words[0], env))
    if name in _SHELLS or name == "su":
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


def expanded(word: str, env: Mapping[str, str]) -> str:
    """$NAME, ${NAME} and ${NAME:-default}; an unknown name is empty, as in a shell."""
    return _VARIABLE.sub(lambda found: env.get(found[1] or found[3]) or found[2] or "", word)


def _unwrapped(words: tuple[str, ...], env: dict[str, str]) -> _Bare:
    """Assignments before the command go into `env`, too."""
    runner: tuple[str, ...] = ()
    assigned: list[tuple[str, str]] = []
    while words:
        assignment = _ASSIGNMENT.fullmatch(words[0])
        if assignment:
            env[assignment[1]] = expanded(assignment[2], env)
            assigned.append((assignment[1], assignment[2]))
            words = words[1:]
            continue
        name = posixpath.basename(words[0])
        known = next((each for each in _WRAPPERS if (name, *words[1 : len(each)]) == each), None)
        if known is None:
            break
        wrapper, whole = _WRAPPERS[known], words
        words = _without_flags(words[len(known) :], wrapper)[wrapper.before :]
        if wrapper.chooses:
            runner = whole[: len(whole) - len(words)]
            words = _run_by(runner, words)
    return _Bare(words, runner, tuple(assigned))


def _run_by(runner: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, ...]:
    """`uv run` takes a module or a script as Python itself does."""
    if "-m" in runner or "--module" in runner:
        return ("python", "-m", *words)
    return ("python", *words) if words and words[0].endswith(".py") else words


def _without_flags(words: tuple[str, ...], wrapper: _Wrapper) -> tuple[str, ...]:
    while words and words[0].startswith("-"):
        words = words[2:] if wrapper.takes_value(words[0]) else words[1:]
    return words
