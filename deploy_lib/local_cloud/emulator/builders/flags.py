"""Parses command lines in Docker's style; an unknown flag is an error.

A flag that is not known ends the command and is named: a flag silently dropped would make a build pass here
that fails, or means something else, in the real cloud. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .shim_server import CommandFailed

_TRUE = {"true", "1", "t"}
_FALSE = {"false", "0", "f"}


@dataclass(frozen=True, slots=True)
class Flags:
    """What a command knows. `short` gives the long name of a letter."""

    values: frozenset[str]  # take a value
    switches: frozenset[str]  # do not, but may be given =true or =false
    short: Mapping[str, str] = field(default_factory=dict)
    options_first: bool = False  # the first plain word ends the options, as in `docker run`


@dataclass(frozen=True, slots=True)
class ParsedFlags:
    words: tuple[str, ...]
    given: Mapping[str, tuple[str, ...]]  # by long name, in order; switches that are on hold ("true",)

    def all(self, name: str) -> tuple[str, ...]:
        return self.given.get(name, ())

    def last(self, name: str) -> str | None:
        return self.given[name][-1] if self.given.get(name) else None

    def on(self, name: str) -> bool:
        return self.last(name) == "true"


def parse_flags(command: str, args: Sequence[str], flags: Flags) -> ParsedFlags:
    """Raises CommandFailed, exit code 125, naming the flag."""
    given: dict[str, list[str]] = {}
    words: list[str] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            words.extend(rest)
            break
        if not arg.startswith("-") or arg == "-":
            words.append(arg)
            if flags.options_first:
                words.extend(rest)
                break
        elif arg.startswith("--"):
            name, equals, value = arg[2:].partition("=")
            _take(command, f"--{name}", name, value if equals else None, rest, flags, given)
        else:
            _take_letters(command, arg[1:], rest, flags, given)
    return ParsedFlags(tuple(words), {name: tuple(values) for name, values in given.items()})


def _take_letters(command: str, letters: str, rest: list[str], flags: Flags, given: dict[str, list[str]]) -> None:
    """`-it`, `-t name`, `-tname` and `-t=name` are all ways of Docker's to write short options."""
    while letters:
        letter, letters = letters[0], letters[1:]
        name = flags.short.get(letter, "")
        if name in flags.values and letters:
            given.setdefault(name, []).append(letters.removeprefix("="))
            return
        value = None
        if letters.startswith("="):
            value, letters = letters[1:], ""
        _take(command, f"-{letter}", name, value, rest, flags, given)


def _take(
    command: str,
    shown: str,
    name: str,
    value: str | None,
    rest: list[str],
    flags: Flags,
    given: dict[str, list[str]],
) -> None:
    if name in flags.switches:
        if value is not None and value.lower() not in _TRUE | _FALSE:
            raise CommandFailed(f"{command}: invalid argument {value!r} for {shown}: want true or false", 125)
        given.setdefault(name, []).append("false" if value is not None and value.lower() in _FALSE else "true")
    elif name in flags.values:
        if value is None and not rest:
            raise CommandFailed(f"{command}: flag needs an argument: {shown}", 125)
        given.setdefault(name, []).append(rest.pop(0) if value is None else value)
    else:
        raise CommandFailed(f"{command}: the local cloud does not know the flag {shown}", 125)
