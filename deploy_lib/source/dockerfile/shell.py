"""The commands of a RUN step, as far as they can be told apart without running them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploy_lib.source.entrypoint.wrappers import unwrapped
from deploy_lib.source.shell_text import substitutions, tokens, unquoted

_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "{", "}", "!", "time", "command", "eatmydata"}
)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
_FETCHES = frozenset({"curl", "wget"})


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command: its words, and the files its output goes to.

    `fetched`: its input is what the command before it has downloaded, as in `curl ... | sh`.
    """

    words: tuple[str, ...]
    writes: tuple[str, ...] = ()
    fetched: bool = False


def split_commands(text: str, variables: Mapping[str, str]) -> Iterator[Command]:
    """Wrappers are taken off, known variables are put in; others stay as "$NAME". ValueError for text whose quotes do
    not close."""
    words: list[str] = []
    writes: list[str] = []
    before, piped = "", False
    found = tokens(text, outputs=True, strict=True)
    for position, token in enumerate(found):
        if token.written:
            writes.append(_put_in(unquoted(token.text), variables))
        elif not token.operator:
            for inner in substitutions(token.text):
                yield from split_commands(inner, variables)
            words.append(_put_in(unquoted(token.text), variables))
        if token.operator or position == len(found) - 1:
            for command in _command(words, writes, fetched=piped and before in _FETCHES):
                yield command
                before = posixpath.basename(command.words[0]) if command.words else before
            piped = token.operator and token.text in ("|", "|&")
            words, writes = [], []


def _command(words: list[str], writes: list[str], *, fetched: bool) -> Iterator[Command]:
    while words and words[0] in _KEYWORDS:
        words = words[1:]
    bare = unwrapped(tuple(words), {}).words
    if bare or writes:
        yield Command(bare, tuple(path for path in writes if not path.isdigit() and path != "/dev/null"), fetched)


def _put_in(word: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return variables.get(name) or match[3] or match[0]

    return _VARIABLE.sub(value, word)
