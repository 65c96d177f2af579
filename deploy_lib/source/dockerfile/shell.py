"""The commands of a RUN step, as far as they can be told apart without running them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_ENDS = frozenset({"&&", "||", ";", "|", "&", "(", ")", ";;", "|&"})
_KEYWORDS = frozenset({"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "{", "}", "!", "time"})
_PREFIXES = frozenset({"sudo", "exec", "command", "env", "nice", "eatmydata"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
_COMMENT = re.compile(r"^[ \t]*#.*\n?", re.MULTILINE)  # after a word it may be part of a quoted text
_REDIRECT = re.compile(r"\d?>>?\|?&?|&>>?")


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command: its words, and the files its output goes to."""

    words: tuple[str, ...]
    writes: tuple[str, ...] = ()


def split_commands(text: str, variables: Mapping[str, str]) -> Iterator[Command]:
    """Known variables are put in; others stay as "$NAME". ValueError for text whose quotes do not close."""
    text = re.sub(r"\\\r?\n", " ", _COMMENT.sub("", text))
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=";|&()<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    writes: list[str] = []
    tokens = list(lexer)
    for position, token in enumerate(tokens):
        if token in _ENDS:
            yield from _command(words, writes, variables)
            words, writes = [], []
        elif position and _REDIRECT.fullmatch(tokens[position - 1]):
            writes.append(_put_in(token, variables))
        elif not _REDIRECT.fullmatch(token):
            words.append(_put_in(token, variables))
    yield from _command(words, writes, variables)


def _command(words: list[str], writes: list[str], variables: Mapping[str, str]) -> Iterator[Command]:
    while words and (words[0] in _KEYWORDS or words[0] in _PREFIXES or _ASSIGNMENT.match(words[0])):
        words = words[1:]
    if words or writes:
        yield Command(tuple(words), tuple(path for path in writes if not path.isdigit() and path != "/dev/null"))


def _put_in(word: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return variables.get(name) or match[3] or match[0]

    return _VARIABLE.sub(value, word)
