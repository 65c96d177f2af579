"""A Dockerfile as stages of instructions; the one place of this room that knows the parsing library.

Source of the rules: https://docs.docker.com/reference/dockerfile/ and BuildKit's parser, which the library follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from e2b_dockerfile_utils import (
    DockerfileInstruction,
    DockerfileSyntaxError,
    ShellLex,
    chomp_heredoc_content,
    parse_dockerfile_ast,
    parse_heredoc,
)


class Refused(Exception):
    """The builder would refuse the Dockerfile at this line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Instruction:
    """`args` are as written: variables are put in by whoever reads them. `heredocs` are (name, content)."""

    name: str
    line: int
    text: str
    args: tuple[str, ...]
    flags: tuple[tuple[str, str], ...]
    exec_form: bool
    heredocs: tuple[tuple[str, str], ...]

    def flag(self, name: str) -> str | None:
        return next((value for key, value in self.flags if key == name), None)

    def is_set(self, name: str) -> bool:
        """A flag that stands alone or says true."""
        return self.flag(name) in ("", "true")

    def all_flags(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.flags if key == name)

    def paths(self) -> tuple[str, ...]:
        """The arguments of a COPY or ADD without its heredocs; the last is the destination."""
        if not self.heredocs:
            return self.args
        return (*(word for word in self.args[:-1] if parse_heredoc(word) is None), self.args[-1])


@dataclass(frozen=True, slots=True)
class Stage:
    """What lies between one FROM and the next. `base` is as written."""

    base: str
    name: str | None
    line: int
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    globals: tuple[Instruction, ...]  # ARGs before the first FROM
    stages: tuple[Stage, ...]
    escape: str


def parse(text: str) -> Dockerfile:
    """Raises Refused."""
    try:
        tree = parse_dockerfile_ast(text)
    except DockerfileSyntaxError as error:
        raise Refused(error.line or 1, str(error).partition(": ")[2] or str(error)) from None
    before: list[Instruction] = []
    stages: list[tuple[Instruction, list[Instruction]]] = []
    for instruction in map(_read, tree.instructions):
        if instruction.name == "FROM":
            stages.append((instruction, []))
        elif stages:
            stages[-1][1].append(instruction)
        elif instruction.name == "ARG":
            before.append(instruction)
        else:
            raise Refused(instruction.line, "only ARG may come before the first FROM")
    if not stages:
        raise Refused(1, "the Dockerfile has no FROM instruction")
    return Dockerfile(tuple(before), tuple(_stage(*each) for each in stages), tree.escape_token)


def _read(parsed: DockerfileInstruction) -> Instruction:
    heredocs = tuple(
        (each.name, chomp_heredoc_content(each.content) if each.chomp else each.content) for each in parsed.heredocs
    )
    flags = tuple((name, value) for name, _, value in (flag.removeprefix("--").partition("=") for flag in parsed.flags))
    text = " ".join(parsed.original.split())
    return Instruction(parsed.name, parsed.start_line, text, tuple(parsed.args), flags, parsed.json, heredocs)


def _stage(origin: Instruction, instructions: list[Instruction]) -> Stage:
    match origin.args:
        case (base,):
            return Stage(base, None, origin.line, tuple(instructions))
        case (base, word, alias) if word.lower() == "as":
            return Stage(base, alias.lower(), origin.line, tuple(instructions))
    raise Refused(origin.line, "expected FROM image or FROM image AS name")


_BARE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


class _Asked(dict[str, str]):
    """Variables that remember which of them were asked for and not there."""

    missing: set[str]

    def get(self, name: str, default: object = None) -> str | None:  # type: ignore[override]
        if name not in self:
            self.missing.add(name)
            return None
        return self[name]


def expand(word: str, variables: dict[str, str], escape: str) -> tuple[str, frozenset[str]]:
    """The word with variables put in and quotes removed, and the variables that have no value.

    One with a default in the word itself, ${NAME:-default}, is not among them.
    Raises ValueError for a malformed word, and for ${NAME:?reason} when NAME has no value.
    """
    if "$" not in word and escape not in word and '"' not in word and "'" not in word:
        return word, frozenset()
    asked = _Asked(variables)
    asked.missing = set()
    expanded = ShellLex(escape, env=asked, skip_unset_env=False).process_word(word)
    bare = {name for pair in _BARE.findall(word) for name in pair}
    return expanded, frozenset(name for name in asked.missing if name in bare)
