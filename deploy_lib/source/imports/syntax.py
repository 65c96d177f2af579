"""From bytes to a syntax tree, by the grammar of the image's Python as far as this interpreter knows it.

An older grammar is asked for with ast's feature_version, which Python's documentation calls best effort. Of a newer
one, what is known is written again in this interpreter's; what it may allow besides is not called an error.
"""

from __future__ import annotations

import ast
import contextlib
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Lock
from types import CodeType

from deploy_lib.source.imports.facts import Broken, Python
from deploy_lib.source.imports.newer import LAZILY, NEWEST, Rewritten, in_older_grammar

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
    """`code` is what the compiler made of the tree: it knows each function's local names and whether it yields.

    `source` is what was parsed, and `bound` are names that it does not bind although the module's own text does.
    """

    tree: ast.Module
    code: CodeType
    source: bytes
    bound: frozenset[str] = frozenset()


def parse(source: bytes, python: Python | None) -> Parsed | Broken:
    """A module that the image's Python can compile, or why it cannot."""
    problem = _too_large(source) or _unreadable(source)
    if problem:
        return problem
    grammar = min(max(python, _OLDEST), RUNNING) if python else RUNNING
    with _alone():
        try:
            return _parsed(source, grammar)
        except SyntaxError as error:
            newer = _in_older_grammar(source) if python is None or python > RUNNING else None
            return _broken(error, source, python) if newer is None else _again(newer, error, source, python)
        except (ValueError, RecursionError, MemoryError) as error:
            return Broken("unknown_syntax", 1, 0, f"cannot be parsed here: {error}")


def _parsed(source: bytes, grammar: Python) -> Parsed:
    tree = ast.parse(source, feature_version=grammar)
    # Some errors (a return outside any function) show only when the tree is compiled.
    return Parsed(tree, compile(tree, "<module>", "exec", dont_inherit=True), source)


def _again(newer: Rewritten, first: SyntaxError, source: bytes, python: Python | None) -> Parsed | Broken:
    """The same text in a grammar that this interpreter knows. What is wrong in it on a line that was not written again
    is wrong in every version."""
    try:
        parsed = _parsed(newer.text.encode(), RUNNING)
    except SyntaxError as error:
        sure = python is not None and python <= NEWEST and (error.lineno or 1) not in newer.lines
        return (
            Broken("syntax_error", error.lineno or 1, error.offset or 0, error.msg)
            if sure
            else _broken(first, source, python)
        )
    except (ValueError, RecursionError, MemoryError) as error:
        return Broken("unknown_syntax", 1, 0, f"cannot be parsed here: {error}")
    return replace(parsed, bound=frozenset({*newer.names, LAZILY}))


def _in_older_grammar(source: bytes) -> Rewritten | None:
    try:
        return in_older_grammar(source.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        return None


def tree_of(source: bytes | str) -> ast.Module:
    """A tree of its own, by the grammar of this interpreter, without a warning about what the source says.

    Raises what ast.parse raises of any text: SyntaxError and ValueError, RecursionError and MemoryError.
    """
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
