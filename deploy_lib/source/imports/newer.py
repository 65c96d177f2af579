"""Source that is newer than the Python that runs this tool, written again in the grammar of Python 3.11.

Known is what came up to Python 3.15: type parameters and aliases (PEP 695, 696), f-strings that hold anything
(PEP 701), t-strings (PEP 750), `except A, B:` (PEP 758), unpacking in comprehensions (PEP 798), lazy imports (PEP 810).
Lines stay where they are, and what such a file imports and binds stays as it is; what stands in f-strings and types is
left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NEWEST = (3, 15)
"""The last version whose grammar is known here."""
LAZILY = "__lazily__"
"""Stands for "when it is used", in the condition that a lazy import becomes."""

_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<string>[A-Za-z]{0,2}(?:\"\"\"|'''|\"|'))"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<space>[ \t\f\r]+|\\\r?\n)"
    r"|(?P<line>\n)"
    r"|(?P<operator>\*\*|:=|->|[^\w\s])"
)
_OPEN, _CLOSE = "([{", ")]}"
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`names` are bound by type parameters, each only inside what has them. `lines` are those that were changed."""

    text: str
    names: frozenset[str]
    lines: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    depth: int  # of the brackets around it
    first: bool  # a statement begins here


def in_older_grammar(text: str) -> Rewritten | None:
    """The same text where nothing newer is found; None for text whose strings do not close."""
    try:
        tokens = list(_tokens(text))
    except ValueError:
        return None
    names: set[str] = set()
    edits = sorted(_edits(tokens, names))
    parts: list[str] = []
    lines: set[int] = set()
    position = 0
    for start, end, new in edits:
        if start < position:
            continue  # inside what was changed already
        before = text.count("\n", 0, start) + 1
        lines.update(range(before, before + text.count("\n", start, end) + 1))
        parts += [text[position:start], new, _kept_lines(new, text[start:end])]
        position = end
    return Rewritten("".join([*parts, text[position:]]), frozenset(names), frozenset(lines))


def _kept_lines(new: str, old: str) -> str:
    ends = old.count("\n") - new.count("\n")
    return ("\n" if new.endswith("= None") else "\\\n") * ends


def _tokens(text: str) -> Iterator[_Token]:
    position, depth, first = 0, 0, True
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ValueError("a character that no token begins with")
        kind, end = str(found.lastgroup), found.end()
        if kind == "string":
            end = _end_of_string(text, found)
        elif kind == "operator" and found[0] in _CLOSE:
            depth -= 1
        if kind not in ("comment", "space") and not (kind == "line" and depth):
            yield _Token(kind, text[position:end], position, end, depth, first and kind != "line")
            first = not depth and (kind == "line" or found[0] in (";", ":"))
        if kind == "operator" and found[0] in _OPEN:
            depth += 1
        position = end


def _end_of_string(text: str, opened: re.Match[str], nested: int = 0) -> int:
    prefix = opened[0].rstrip("\"'").lower()
    quote = opened[0][len(prefix) :]
    position = opened.end()
    fields = bool({"f", "t"} & set(prefix))
    while position < len(text):
        if text.startswith(quote, position):
            return position + len(quote)
        if text[position] == "\\" and "r" not in prefix:
            position += 2
        elif text[position] == "\\":
            position += 2 if text.startswith(quote, position + 1) else 1
        elif fields and text.startswith(("{{", "}}"), position):
            position += 2
        elif fields and text[position] == "{":
            position = _end_of_field(text, position + 1, nested + 1)
        elif text[position] == "\n" and len(quote) == 1:
            break
        else:
            position += 1
    raise ValueError("a string does not close")


def _end_of_field(text: str, position: int, nested: int) -> int:
    """Behind the } of a replacement field, whose expression may hold strings, and whose format fields of its own."""
    depth, format_begins = 0, False
    while position < len(text) and nested < _DEEPEST:
        character = text[position]
        opened = None if format_begins else _TOKEN.match(text, position)
        if opened is not None and opened.lastgroup == "string":
            position = _end_of_string(text, opened, nested)
        elif opened is not None and opened.lastgroup in ("name", "comment"):
            position = opened.end()
        elif character == "{" and format_begins:
            position = _end_of_field(text, position + 1, nested + 1)
        elif character == "}" and not depth:
            return position + 1
        else:
            if not format_begins:
                depth += (character in _OPEN) - (character in _CLOSE)
                format_begins = character == ":" and not depth
            position += 1
    raise ValueError("a replacement field does not close")


def _edits(tokens: list[_Token], names: set[str]) -> Iterator[tuple[int, int, str]]:
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if token.kind == "string" and {"f", "t"} & set(re.match("[A-Za-z]*", token.text)[0].lower()):  # type: ignore[index]
            yield token.start, token.end, "''"
        elif following is None:
            return
        elif token.first and token.text == "type" and following.kind == "name":
            yield from _alias(tokens, at)
        elif token.text in ("def", "class") and following.kind == "name":
            yield from _parameters(tokens, at + 2, names)
        elif token.first and token.text == "except":
            yield from _exceptions(tokens, at)
        elif token.first and token.text == "lazy" and following.text in ("import", "from"):
            yield token.start, token.end, f"if {LAZILY}:"
        elif token.text in ("*", "**") and at and tokens[at - 1].text in tuple(_OPEN) and _is_comprehension(tokens, at):
            yield token.start, token.end, ""


def _alias(tokens: list[_Token], at: int) -> Iterator[tuple[int, int, str]]:
    if at + 2 < len(tokens) and tokens[at + 2].text in ("[", "="):
        last = at
        while last + 1 < len(tokens) and not (tokens[last + 1].depth == 0 and tokens[last + 1].text in ("\n", ";")):
            last += 1
        yield tokens[at].start, tokens[last].end, f"{tokens[at + 1].text} = None"


def _parameters(tokens: list[_Token], at: int, names: set[str]) -> Iterator[tuple[int, int, str]]:
    if at >= len(tokens) or tokens[at].text != "[":
        return
    depth = tokens[at].depth
    for end in range(at + 1, len(tokens)):
        token, before = tokens[end], tokens[end - 1]
        if token.kind == "name" and token.depth == depth + 1 and before.text in ("[", ",", "*", "**"):
            names.add(token.text)
        if token.text == "]" and token.depth == depth:
            yield tokens[at].start, token.end, ""
            return


def _exceptions(tokens: list[_Token], at: int) -> Iterator[tuple[int, int, str]]:
    """`except A, B:` gets its parentheses."""
    begin = at + 2 if tokens[at + 1].text == "*" else at + 1
    several = False
    for end in range(begin, len(tokens)):
        token = tokens[end]
        several |= token.text == "," and token.depth == tokens[at].depth
        if token.text == ":" and token.depth == tokens[at].depth:
            if several:
                yield tokens[begin].start, tokens[begin].start, "("
                yield tokens[end - 1].end, tokens[end - 1].end, ")"
            return
        if token.text in ("as", "\n"):
            return


def _is_comprehension(tokens: list[_Token], at: int) -> bool:
    depth = tokens[at].depth
    for token in tokens[at + 1 :]:
        if token.depth < depth or (token.depth == depth and token.text == ","):
            return False
        if token.depth == depth and token.text == "for":
            return True
    return False
