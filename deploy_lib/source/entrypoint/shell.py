"""A container's command line as the programs it ends up running: shells, prefixes and wrappers taken off.

Only what is common in Dockerfiles of Python services is understood. A command that is not understood is left out, so
the worst that can happen is that no entrypoint is known.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_SHELLS = {"sh", "bash", "ash", "dash", "zsh"}
_ENDS = {"&&", "||", ";", "|", "&", "\n"}
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-=]([^{}]*))?\}|\$(\w+)")
_WRAPPERS: Mapping[tuple[str, ...], int] = {  # the program, and how many of its arguments stand before the command
    ("exec",): 0,
    ("env",): 0,
    ("tini",): 0,
    ("dumb-init",): 0,
    ("nohup",): 0,
    ("gosu",): 1,
    ("su-exec",): 1,
    ("timeout",): 1,
    ("ddtrace-run",): 0,
    ("opentelemetry-instrument",): 0,
    ("newrelic-admin", "run-program"): 0,
    ("poetry", "run"): 0,
    ("pipenv", "run"): 0,
    ("pdm", "run"): 0,
    ("uv", "run"): 0,
}
_TAKE_A_VALUE = {"-a", "-p", "-e", "-g", "-u"}


@dataclass(frozen=True, slots=True)
class Program:
    """One program as it is run: `words` begins with its name, without the directory."""

    words: tuple[str, ...]
    directory: str
    env: Mapping[str, str]


def programs(command: Sequence[str], directory: str, env: Mapping[str, str]) -> list[Program]:
    """The programs that a command runs one after the other; the last one stays."""
    return list(_programs(tuple(command), directory, dict(env), depth=4))


def script_of(command: Sequence[str], directory: str) -> str | None:
    """The path of the shell script that the command runs, as the image knows it."""
    words = _unwrapped(tuple(command), {})
    if words and posixpath.basename(words[0]) in _SHELLS:
        words = tuple(word for word in words[1:] if not word.startswith("-"))
    if words and words[0].endswith(".sh"):
        return posixpath.normpath(posixpath.join(directory, words[0]))
    return None


def _programs(words: tuple[str, ...], directory: str, env: dict[str, str], depth: int) -> Iterator[Program]:
    words = _unwrapped(words, env)
    if not words or not depth:
        return
    name = posixpath.basename(words[0])
    if name in _SHELLS:
        flags = [position for position, word in enumerate(words[1:], 1) if re.fullmatch(r"-\w*c", word)]
        if flags and flags[0] + 1 < len(words):
            yield from shell_programs(words[flags[0] + 1], directory, env, depth - 1)
        return
    yield Program((name, *(expanded(word, env) for word in words[1:])), directory, dict(env))


def shell_programs(text: str, directory: str, env: Mapping[str, str], depth: int = 4) -> Iterator[Program]:
    """The same for shell text, with its `cd` and `export`."""
    known = dict(env)
    for words in _commands(text):
        while words and (match := _ASSIGNMENT.fullmatch(words[0])) and len(words) == 1:
            known[match[1]] = expanded(match[2], known)
            words = words[1:]
        match words:
            case ("cd", place, *_):
                directory = posixpath.normpath(posixpath.join(directory, expanded(place, known)))
            case ("export", *assignments):
                known.update(
                    (each[1], expanded(each[2], known)) for each in map(_ASSIGNMENT.fullmatch, assignments) if each
                )
            case _:
                yield from _programs(words, directory, dict(known), depth)


def expanded(word: str, env: Mapping[str, str]) -> str:
    """$NAME, ${NAME} and ${NAME:-default}; an unknown name is empty, as in a shell."""
    return _VARIABLE.sub(lambda found: env.get(found[1] or found[3]) or found[2] or "", word)


def _commands(text: str) -> Iterator[tuple[str, ...]]:
    for line in re.sub(r"\\\n", " ", text).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:
            continue
        current: list[str] = []
        for word in (*words, ";"):
            if word in _ENDS:
                if current:
                    yield tuple(current)
                current = []
            else:
                current.append(word)


def _unwrapped(words: tuple[str, ...], env: dict[str, str]) -> tuple[str, ...]:
    """Assignments before the command go into `env`."""
    while words:
        assignment = _ASSIGNMENT.fullmatch(words[0])
        if assignment:
            env[assignment[1]] = expanded(assignment[2], env)
            words = words[1:]
            continue
        name = posixpath.basename(words[0])
        wrapper = next((each for each in _WRAPPERS if (name, *words[1 : len(each)]) == each), None)
        if wrapper is None:
            return words
        words = _without_flags(words[len(wrapper) :])[_WRAPPERS[wrapper] :]
    return words


def _without_flags(words: tuple[str, ...]) -> tuple[str, ...]:
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in _TAKE_A_VALUE else words[1:]
    return words
