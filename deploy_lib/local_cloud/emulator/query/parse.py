"""Reads a filter of the Logging query language into its tree.

Rules from https://cloud.google.com/logging/docs/view/logging-query-language: NOT binds tightest, then OR, then
AND; AND may be left out; `-` before a term is NOT; `field=("a" OR "b")` compares the field with each; a comment
starts with two dashes; AND, OR and NOT are operators in capitals only.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .tree import And, FunctionCall, Node, Not, Or, Restriction, Search

LONGEST = 20_000  # characters, https://cloud.google.com/logging/quotas
_DEEPEST = 100  # parentheses and negations within each other

_SPACE = re.compile(r"(?:\s|--[^\n]*)*")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"""[^\s()"',=<>!~]+""")  # an unquoted value: numbers, times, enum names
_SIGN = re.compile(r"=~|!~|!=|<=|>=|=|<|>|:")
_WORD = re.compile(r"(AND|OR|NOT)\b(?![.\w])")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"} | {
    sign: sign for sign in "\\\"'?"
}


class BadQuery(Exception):
    """The filter cannot be read, or asks for what is not there; the message says where and why."""


def parse(text: str) -> Node | None:
    """None for an empty filter. Raises BadQuery."""
    if len(text) > LONGEST:
        raise BadQuery(f"the filter has {len(text)} characters; {LONGEST} are allowed")
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def read(self) -> Node | None:
        self._skip()
        if self._ended():
            return None
        node = self._joined(self._term)
        if not self._ended():
            raise self._unexpected()
        return node

    def _joined(self, operand: Callable[[], Node]) -> Node:
        """Factors joined by AND or nothing, each of operands joined by OR."""
        factors = [self._either(operand)]
        while not self._ended() and self._text[self._at] != ")":
            self._word("AND")
            factors.append(self._either(operand))
        return factors[0] if len(factors) == 1 else And(tuple(factors))

    def _either(self, operand: Callable[[], Node]) -> Node:
        parts = [self._negated(operand)]
        while self._word("OR"):
            parts.append(self._negated(operand))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _negated(self, operand: Callable[[], Node]) -> Node:
        if self._word("NOT") or self._take("-"):
            return self._within(lambda: Not(self._negated(operand)))
        if self._take("("):
            node = self._within(lambda: self._joined(operand))
            self._close()
            return node
        return operand()

    def _term(self) -> Node:
        start = self._at
        path = self._path()
        if path and self._text.startswith("(", self._at):
            return FunctionCall(".".join(path), self._arguments())
        end = self._at
        self._skip()
        sign = _SIGN.match(self._text, self._at)
        if path and sign:
            self._at = sign.end()
            self._skip()
            return self._compared(path, sign.group())
        self._at = start
        quoted = _STRING.match(self._text, start)
        if quoted and (quoted.end() == end or not path):
            self._at = quoted.end()
            self._skip()
            return Search(_unescape(quoted.group(1)))
        return Search(self._bare())

    def _compared(self, path: tuple[str, ...], sign: str) -> Node:
        if self._take("("):
            node = self._within(lambda: self._joined(lambda: Restriction(path, sign, self._value())))
            self._close()
            return node
        return Restriction(path, sign, self._value())

    def _value(self) -> str | FunctionCall:
        start = self._at
        name = self._path()
        if name and self._text.startswith("(", self._at):
            return FunctionCall(".".join(name), self._arguments())
        self._at = start
        return self._string()

    def _arguments(self) -> tuple[str, ...]:
        self._take("(")
        found: list[str] = []
        while not self._take(")"):
            if found and not self._take(","):
                raise self._unexpected()
            found.append(self._string())
        return tuple(found)

    def _path(self) -> tuple[str, ...]:
        """Names and quoted strings joined by dots, () when none stands here. Stops right behind it."""
        parts: list[str] = []
        at = self._at
        while match := _NAME.match(self._text, at) or _STRING.match(self._text, at):
            parts.append(match.group() if match.re is _NAME else _unescape(match.group(1)))
            self._at = match.end()
            if not self._text.startswith(".", self._at):
                break
            at = self._at + 1
        return tuple(parts)

    def _string(self) -> str:
        quoted = _STRING.match(self._text, self._at)
        if quoted is None:
            return self._bare()
        self._at = quoted.end()
        self._skip()
        return _unescape(quoted.group(1))

    def _bare(self) -> str:
        found = _BARE.match(self._text, self._at)
        if found is None or _WORD.match(self._text, self._at):
            raise self._unexpected()
        self._at = found.end()
        self._skip()
        return found.group()

    def _word(self, word: str) -> bool:
        found = _WORD.match(self._text, self._at)
        if found is None or found.group(1) != word:
            return False
        self._at = found.end()
        self._skip()
        return True

    def _take(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        self._skip()
        return True

    def _close(self) -> None:
        if not self._take(")"):
            raise BadQuery("a parenthesis is not closed") if self._ended() else self._unexpected()

    def _within(self, inner: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadQuery(f"the filter is nested more than {_DEEPEST} deep")
        node = inner()
        self._depth -= 1
        return node

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _ended(self) -> bool:
        return self._at >= len(self._text)

    def _unexpected(self) -> BadQuery:
        line = self._text.count("\n", 0, self._at) + 1
        column = self._at - self._text.rfind("\n", 0, self._at)
        if self._ended():
            return BadQuery("the filter ends where a comparison or a value should follow")
        return BadQuery(f"unexpected {self._text[self._at : self._at + 20]!r} at line {line}, column {column}")


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        # What is not an escape stays as it stands: a regular expression's \d needs no second backslash.
        return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[0])

    return _ESCAPE.sub(one, text)
