"""A Dockerfile as stages of instructions, with Docker's word rules; the one place that knows the parsing library.

Whatever is wrong with the text is a BuildFailed that names the line. Which flags an instruction takes is settled
here, before anything runs, so an instruction that could not be honoured is never skipped in silence.
Source of the rules: https://docs.docker.com/reference/dockerfile/ and BuildKit's parser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from e2b_dockerfile_utils import (
    DockerfileHeredoc,
    DockerfileInstruction,
    DockerfileSyntaxError,
    ShellLex,
    chomp_heredoc_content,
    parse_dockerfile_ast,
)

from .model import BuildFailed

FLAGS: Mapping[str, frozenset[str]] = {
    "ADD": frozenset({"chown", "chmod", "link", "exclude", "checksum"}),
    "ARG": frozenset(),
    "CMD": frozenset(),
    "COPY": frozenset({"from", "chown", "chmod", "link", "exclude"}),
    "ENTRYPOINT": frozenset(),
    "ENV": frozenset(),
    "EXPOSE": frozenset(),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    "LABEL": frozenset(),
    "MAINTAINER": frozenset(),
    "RUN": frozenset({"mount", "network", "security"}),
    "SHELL": frozenset(),
    "STOPSIGNAL": frozenset(),
    "USER": frozenset(),
    "VOLUME": frozenset(),
    "WORKDIR": frozenset(),
}
REPEATABLE = frozenset({"exclude", "mount"})


@dataclass(frozen=True, slots=True)
class Heredoc:
    name: str
    content: str
    expand: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `args` are as written: variables are put in by whoever carries it out."""

    name: str
    line: int
    end: int  # its last line
    text: str  # the whole instruction on one line, for messages and histories
    args: tuple[str, ...]
    flags: tuple[tuple[str, str], ...]
    exec_form: bool  # given as a JSON array
    heredocs: tuple[Heredoc, ...]

    def flag(self, name: str) -> str | None:
        return next((value for key, value in self.flags if key == name), None)

    def all_flags(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.flags if key == name)

    def failure(self, reason: str, *, output: str = "") -> BuildFailed:
        where = f"Dockerfile line {self.line}: {self.name}: {reason}"
        return BuildFailed(where, output=output, line=self.line, instruction=self.text)


@dataclass(frozen=True, slots=True)
class Stage:
    """What lies between one FROM and the next. `base` is as written, with variables."""

    origin: Instruction
    base: str
    name: str | None
    platform: str | None
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    globals: tuple[Instruction, ...]  # ARGs before the first FROM
    stages: tuple[Stage, ...]
    escape: str


def parse_dockerfile(text: str, *, strict: bool = True) -> Dockerfile:
    """Raises BuildFailed for what BuildKit's parser refuses, and for flags and instructions not honoured here.

    Not `strict`, those are left to whoever carries the Dockerfile out.
    """
    try:
        tree = parse_dockerfile_ast(text)
    except DockerfileSyntaxError as error:
        raise BuildFailed(str(error), line=error.line) from None
    before: list[Instruction] = []
    stages: list[Stage] = []
    for parsed in tree.instructions:
        instruction = _read_instruction(parsed, strict)
        if instruction.name == "FROM":
            stages.append(_open_stage(instruction))
        elif stages:
            last = stages[-1]
            stages[-1] = Stage(last.origin, last.base, last.name, last.platform, (*last.instructions, instruction))
        elif instruction.name == "ARG":
            before.append(instruction)
        else:
            raise instruction.failure("only ARG may come before the first FROM")
    if not stages:
        raise BuildFailed("the Dockerfile has no FROM instruction", line=1)
    return Dockerfile(tuple(before), tuple(stages), tree.escape_token)


def _read_instruction(parsed: DockerfileInstruction, strict: bool) -> Instruction:
    flags = tuple(_split_flag(flag) for flag in parsed.flags)
    instruction = Instruction(
        parsed.name,
        parsed.start_line,
        parsed.end_line,
        parsed.original.strip(),
        tuple(parsed.args),
        flags,
        parsed.json,
        tuple(map(_read_heredoc, parsed.heredocs)),
    )
    known = FLAGS.get(parsed.name)
    if not strict:
        return instruction
    if known is None:
        raise instruction.failure(f"the instruction {parsed.name} is not supported here")
    for position, (name, _) in enumerate(flags):
        if name not in known:
            raise instruction.failure(f"the flag --{name} is not supported here")
        if name not in REPEATABLE and any(name == other for other, _ in flags[:position]):
            raise instruction.failure(f"the flag --{name} is given twice")
    if not parsed.args and parsed.name not in ("RUN", "CMD", "ENTRYPOINT"):
        raise instruction.failure("needs at least one argument")
    return instruction


def _split_flag(flag: str) -> tuple[str, str]:
    name, _, value = flag.removeprefix("--").partition("=")
    return name, value


def _read_heredoc(parsed: DockerfileHeredoc) -> Heredoc:
    content = chomp_heredoc_content(parsed.content) if parsed.chomp else parsed.content
    return Heredoc(parsed.name, content, parsed.expand)


def _open_stage(instruction: Instruction) -> Stage:
    match instruction.args:
        case (base,):
            return Stage(instruction, base, None, instruction.flag("platform"), ())
        case (base, word, alias) if word.lower() == "as":
            return Stage(instruction, base, alias.lower(), instruction.flag("platform"), ())
    raise instruction.failure("expected FROM image or FROM image AS name")


def expand_word(word: str, env: Mapping[str, str], escape: str) -> str:
    """One word with variables put in and quotes removed. ValueError when it is malformed."""
    return ShellLex(escape, env=env, skip_unset_env=False).process_word(word)


def expand_words(text: str, env: Mapping[str, str], escape: str) -> list[str]:
    """Like `expand_word`, but a variable's spaces part it into several words."""
    return ShellLex(escape, env=env, skip_unset_env=False).process_words(text)


def expand_content(text: str, env: Mapping[str, str], escape: str) -> str:
    """A heredoc's content: variables are put in, quotes stay."""
    lexer = ShellLex(escape, env=env, skip_unset_env=False, skip_process_quotes=True, raw_escapes=False)
    return lexer.process_word(text)
