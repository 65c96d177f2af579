"""From bytes to a syntax tree, by the grammar of the image's Python as far as this interpreter knows it.

An older grammar is asked for with ast's feature_version, which Python's documentation calls best effort. What a
newer grammar may allow is not called an error: only what no version accepts is.
"""

from __future__ import annotations

import ast
import contextlib
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from types import CodeType

from deploy_lib.source.imports.facts import Broken, Python

RUNNING: Python = sys.version_info[:2]
_OLDEST = (3, 4)
_IN_EVERY_VERSION = (
    "unexpected indent",
    "unindent does not match",
    "expected an indented block",
    "inconsistent use of tabs",
    "unterminated string literal",
    "unterminated triple-quoted string",
    "was never closed",
    "unexpected EOF",
    "does not match opening parenthesis",
    "unmatched ",
    "invalid decimal literal",
    "invalid character",
    "invalid non-printable character",
)
MOST_BYTES = 2_000_000
MOST_WORDS = 100_000
MOST_DEFINITIONS = 6_000
"""A module beyond any of these is not followed. Measured with CPython 3.11: a word costs its tree, code and events up
to 3 kB, and its compiler takes time that grows with the square of the definitions at module level."""
_WORD = re.compile(rb"\w+")
_DEFINITION = re.compile(rb"\b(?:def|class|lambda)\b")
_ONE_AT_A_TIME = Lock()
_FORMATTED = re.compile(rb"\b[rR]?[fFtT][rR]?[\"']")


@dataclass(frozen=True, slots=True)
class Parsed:
    """`code` is what the compiler made of the tree: it knows each function's local names and whether it yields."""

    tree: ast.Module
    code: CodeType


def parse(source: bytes, python: Python | None) -> Parsed | Broken:
    """A module that the image's Python can compile, or why it cannot."""
    problem = _too_large(source) or _unreadable(source)
    if problem:
        return problem
    grammar = min(max(python, _OLDEST), RUNNING) if python else RUNNING
    with _alone():
        try:
            tree = ast.parse(source, feature_version=grammar)
            # Some errors (a return outside any function) show only when the tree is compiled.
            code = compile(tree, "<module>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return _broken(error, source, python)
        except (ValueError, RecursionError, MemoryError) as error:
            return Broken("unknown_syntax", 1, 0, f"cannot be parsed here: {error}")
    return Parsed(tree, code)


def tree_of(source: bytes) -> ast.Module:
    """A tree of its own of what `parse` has found to be well."""
    with _alone():
        return ast.parse(source)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One thread at a time, without warnings.

    Up to CPython 3.11.7 and 3.12.1 two threads that make trees share a count of how deep they are, and fail with
    SystemError (https://github.com/python/cpython/issues/106905); what is done with warnings is shared as well.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _too_large(source: bytes) -> Broken | None:
    """None for what can be followed in bounded time and memory."""
    if len(source) > MOST_BYTES:
        return Broken("too_large", 1, 0, f"it has more than {MOST_BYTES} bytes")
    for pattern, most, what in ((_WORD, MOST_WORDS, "words"), (_DEFINITION, MOST_DEFINITIONS, "definitions")):
        if len(source) > most and sum(1 for _ in pattern.finditer(source)) > most:
            return Broken("too_large", 1, 0, f"it has more than {most} {what}")
    return None


def _broken(error: SyntaxError, source: bytes, python: Python | None) -> Broken:
    line, column, message = error.lineno or 1, error.offset or 0, error.msg
    if "codec can't decode" in message or "unknown encoding" in message or "encoding problem" in message:
        return Broken("wrong_encoding", _undecodable_line(source) or line, 0, message)
    newer = python is None or python > RUNNING
    if newer and not _wrong_in_every_version(message, source, line):
        return Broken("unknown_syntax", line, column, message)
    return Broken("syntax_error", line, column, message)


def _wrong_in_every_version(message: str, source: bytes, line: int) -> bool:
    """Python 3.12 allows quotes and line ends inside an f-string, so on its lines nothing is certain."""
    lines = source.split(b"\n")
    text = lines[line - 1] if line <= len(lines) else b""
    return any(words in message for words in _IN_EVERY_VERSION) and not _FORMATTED.search(text)


def _unreadable(source: bytes) -> Broken | None:
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Broken("wrong_encoding", 1, 0, "the file is saved as UTF-16; Python reads UTF-8")
    position = source.find(b"\0")
    if position >= 0:
        line = source.count(b"\n", 0, position) + 1
        return Broken("null_bytes", line, 0, "source code cannot contain null bytes")
    return None


def _undecodable_line(source: bytes) -> int | None:
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        return source.count(b"\n", 0, error.start) + 1
    return None
