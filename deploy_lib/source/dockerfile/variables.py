"""ARG and ENV: which variables an instruction sees, and which build arguments nobody gave a value.

ENV wins over ARG; an ARG before the first FROM is seen by FROM lines only, until a stage names it again.
Source: https://docs.docker.com/reference/dockerfile/#arg.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy_lib.source.dockerfile.syntax import Instruction, Refused, expand

_GIVEN_BY_BUILDKIT = {
    "TARGETPLATFORM": "linux/amd64",
    "TARGETOS": "linux",
    "TARGETARCH": "amd64",
    "TARGETVARIANT": "",
    "BUILDPLATFORM": "linux/amd64",
    "BUILDOS": "linux",
    "BUILDARCH": "amd64",
    "BUILDVARIANT": "",
    "TARGETSTAGE": "",
}
_ALWAYS_ALLOWED = frozenset(
    name
    for each in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (each, each.lower())
) | {"SOURCE_DATE_EPOCH", "BUILDKIT_INLINE_CACHE"}


@dataclass(slots=True)
class Variables:
    """What one stage knows. `unset` are build arguments that were declared and have no value: name -> line."""

    escape: str
    given: Mapping[str, str]  # build arguments of the configuration
    outer: Mapping[str, str]  # ARGs before the first FROM
    args: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    unset: dict[str, int] = field(default_factory=dict)

    def all(self) -> dict[str, str]:
        return {**self.args, **self.env}

    def expand(self, instruction: Instruction, word: str) -> str:
        """Raises Refused for a word that BuildKit refuses."""
        return self.expand_noting(instruction, word)[0]

    def expand_noting(self, instruction: Instruction, word: str) -> tuple[str, frozenset[str]]:
        """The word, and the variables in it that have no value."""
        try:
            return expand(word, self.all(), self.escape)
        except ValueError as error:
            raise Refused(instruction.line, str(error)) from None

    def declare(self, instruction: Instruction) -> list[str]:
        """An ARG. The names it declares."""
        names = []
        for arg in instruction.args:
            name, has_default, default = arg.partition("=")
            names.append(name)
            value = self.given.get(name)
            if value is None and has_default:
                value = self.expand(instruction, default)
            if value is None:
                value = self.outer.get(name, _GIVEN_BY_BUILDKIT.get(name))
            if value is None:
                self.unset[name] = instruction.line
            else:
                self.args[name] = value
                self.unset.pop(name, None)
        return names

    def set(self, instruction: Instruction) -> None:
        """An ENV: all its values are read before any is set."""
        words = instruction.args
        read = [(words[at], self.expand(instruction, words[at + 1])) for at in range(0, len(words) - 1, 3)]
        self.env.update(read)


def read_globals(instructions: tuple[Instruction, ...], given: Mapping[str, str], escape: str) -> Variables:
    """What FROM lines see."""
    variables = Variables(escape, given, {}, dict(_GIVEN_BY_BUILDKIT))
    for instruction in instructions:
        variables.declare(instruction)
    return variables


def is_always_allowed(name: str) -> bool:
    """Whether a build argument is accepted without being declared."""
    return name in _ALWAYS_ALLOWED or name in _GIVEN_BY_BUILDKIT or name.startswith("BUILDKIT_")
