"""Shell text as tokens: words as they are written, with their quotes, and the operators between them.

The grammar is POSIX's "Shell Command Language" as far as start scripts and RUN steps use it; here-documents are left
out, and so are comments, those that stand in backquotes as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPERATORS = ("&&", "||", ";;", ";", "|&", "|", "&", "(", ")", "\n")
_REDIRECT = re.compile(r"\d*(?:<<<|<<-?|>>|>\||[<>]&?)|&>>?")
_COMMENTED = re.compile(r"`\s*#[^`\n]*`")
_HERE = re.compile(r"\d*<<(-?)\s*(['\"]?)([\w.-]+)\2")


_DEEPEST = 30
"""Quotes and substitutions within each other; deeper ones are taken as not closed."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word with its quotes, an operator, or the file that a command's output goes to."""

    text: str
    operator: bool = False
    written: bool = False


def tokens(text: str, *, outputs: bool = False, strict: bool = False) -> list[Token]:
    """`outputs`: with the files that are written. Of text whose quotes do not close those before the open one, or, when
    `strict`, ValueError."""
    found: list[Token] = []
    try:
        for each in _tokens(_COMMENTED.sub("", re.sub(r"\\\r?\n", " ", text).replace("\r\n", "\n"))):
            found.append(each)
    except ValueError:
        if strict:
            raise
    return [each for each in found if outputs or not each.written]


def unquoted(word: str) -> str:
    """The word without its quotes; what stands in it for something else stays as it is written."""
    parts = []
    for quote, part in quoted_parts(word):
        parts.append(re.sub(r"\\(.)", r"\1", part) if not quote else part)
    return "".join(parts)


def _tokens(text: str) -> Iterator[Token]:
    position, waiting = 0, []
    while position < len(text):
        if text[position] in " \t\r":
            position += 1
        elif text[position] == "#":
            position = _end_of_line(text, position)
        elif here := _HERE.match(text, position):
            waiting.append((here[3], bool(here[1])))
            position = here.end()
        elif redirect := _REDIRECT.match(text, position):
            start = _after_spaces(text, redirect.end())
            position = max(_end_of_word(text, start) or len(text), redirect.end())
            if ">" in redirect[0] and text[start:position] and not redirect[0].endswith("&"):
                yield Token(text[start:position], written=True)
        elif operator := next((each for each in _OPERATORS if text.startswith(each, position)), ""):
            yield Token(operator, operator=True)
            position += len(operator)
            if operator == "\n" and waiting:
                position, waiting = _after_documents(text, position, waiting), []
        else:
            end = _end_of_word(text, position)
            if end is None:
                raise ValueError("a quote does not close")
            yield Token(text[position:end])
            position = end


def substitutions(word: str) -> Iterator[str]:
    """The commands whose output stands in the word, wherever it is not in single quotes."""
    for quote, part in quoted_parts(word):
        position = 0
        while quote != "'" and position < len(part):
            end = _end_of_part(part, position) or len(part)
            piece = part[position:end]
            if piece.startswith("$("):
                yield piece[2:-1]
            elif piece.startswith("`"):
                yield piece[1:-1]
            position = end


def _after_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t":
        position += 1
    return position


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _after_documents(text: str, position: int, waiting: list[tuple[str, bool]]) -> int:
    for name, tabs in waiting:
        while position < len(text):
            end = _end_of_line(text, position)
            line = text[position:end]
            position = min(end + 1, len(text))
            if (line.lstrip("\t") if tabs else line) == name:
                break
    return position


def _end_of_word(text: str, position: int) -> int | None:
    """None when a quote in it does not close."""
    while position < len(text) and text[position] not in " \t\r\n;&|()<>":
        ended = _end_of_part(text, position)
        if ended is None:
            return None
        position = ended
    return position


def _end_of_part(text: str, position: int, depth: int = 0) -> int | None:
    character = text[position]
    if depth > _DEEPEST:
        return None
    if character == "\\":
        return min(position + 2, len(text))
    if character in "'`":
        end = text.find(character, position + 1)
        return None if end < 0 else end + 1
    if character == '"':
        return _end_of_double_quotes(text, position + 1, depth + 1)
    if text.startswith("$(", position):
        return _end_of_parentheses(text, position + 2, depth + 1)
    if text.startswith("${", position):
        end = text.find("}", position)
        return None if end < 0 else end + 1
    return position + 1


def _end_of_double_quotes(text: str, position: int, within: int) -> int | None:
    while position < len(text):
        if text[position] == '"':
            return position + 1
        ended = position + 1 if text[position] == "'" else _end_of_part(text, position, within)
        if ended is None:
            return None
        position = ended
    return None


def _end_of_parentheses(text: str, position: int, within: int) -> int | None:
    depth = 1
    while position < len(text):
        if text[position] in "()":
            depth += 1 if text[position] == "(" else -1
            position += 1
            if not depth:
                return position
            continue
        ended = _end_of_part(text, position, within)
        if ended is None:
            return None
        position = ended
    return None


def quoted_parts(word: str) -> Iterator[tuple[str, str]]:
    """(quote, text) for each part of a word; the quote is "", "'" or '"'."""
    position, plain = 0, ""
    while position < len(word):
        if word[position] not in "'\"":
            end = _end_of_part(word, position) or len(word)
            plain += word[position:end]
            position = end
            continue
        end = _end_of_part(word, position) or len(word) + 1
        if plain:
            yield "", plain
        yield word[position], word[position + 1 : end - 1]
        position, plain = end, ""
    if plain:
        yield "", plain
