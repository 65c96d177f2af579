"""The lines of an env_file, in dotenv format. Pure.

    NAME=value               the rest of the line, without blanks around it; a " #" begins a comment
    export NAME=value        the same
    NAME="a value\\n"         \\n, \\r, \\t, \\", \\\\ and \\$ are read as in a shell, and it may go over several lines
    NAME='as it is'          nothing in it is read, not even ${COMMIT}; it may go over several lines, too

Nothing is looked up: a value is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = r"(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*"
_REST = r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)"
_EMPTY = re.compile(r"[ \t]*(?:#[^\n]*)?\n|[ \t]*#[^\n]*\Z|[ \t]+\Z")
_SINGLE = re.compile(rf"[ \t]*{_NAME}'(?P<value>[^']*)'{_REST}")
_DOUBLE = re.compile(rf'[ \t]*{_NAME}"(?P<value>(?:[^"\\]|\\.)*)"{_REST}', re.DOTALL)
_PLAIN = re.compile(rf"[ \t]*{_NAME}(?P<value>(?:(?![ \t]#)[^\n'\"#](?:(?![ \t]+#)[^\n])*)?){_REST}")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


@dataclass(frozen=True, slots=True)
class EnvFileLine:
    """`value` as the YAML's env would have it: what is not to be read as a variable of a release is escaped."""

    line: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not one of a variable. It is never quoted: what stands there may be secret."""

    line: int
    why: str


def read_variables(text: str) -> Iterator[EnvFileLine | BadLine]:
    """Each variable, and each bad line, in the order of the file. A name given twice is a bad line, too."""
    position, line = 1 if text.startswith("\ufeff") else 0, 1
    first: dict[str, int] = {}
    while position < len(text):
        found = _EMPTY.match(text, position)
        if found is None:
            found, value = _variable(text, position)
            if found is None:
                yield BadLine(line, _why(text[position:].partition("\n")[0]))
            elif (name := found["name"]) in first:
                yield BadLine(line, f"{name} is given twice, first in line {first[name]}")
            elif "\0" in value:
                yield BadLine(line, f"{name}: a value cannot hold the character U+0000")
            else:
                first[name] = line
                yield EnvFileLine(line, name, value)
        end = found.end() if found else text.find("\n", position) + 1 or len(text)
        line += text.count("\n", position, end)
        position = end


def _variable(text: str, position: int) -> tuple[re.Match[str] | None, str]:
    if found := _SINGLE.match(text, position):
        return found, found["value"].replace("${", "$${")
    if found := _DOUBLE.match(text, position):
        return found, re.sub(r"\\(.)", _unescaped, found["value"], flags=re.DOTALL)
    found = _PLAIN.match(text, position)
    return found, found["value"].rstrip() if found else ""


def _unescaped(match: re.Match[str]) -> str:
    """A `\\$` before a brace stays a plain dollar."""
    if match[1] == "$":
        return "$$" if match.string[match.end() : match.end() + 1] == "{" else "$"
    return _ESCAPES.get(match[1], match[0])


def _why(line: str) -> str:
    name = re.match(rf"[ \t]*{_NAME}(?P<quote>['\"])", line)
    if name and line.count(name["quote"]) == 1:
        return f"{name['name']}: the quote is never closed"
    if name:
        return f"{name['name']}: only a comment may follow the closing quote"
    begin = re.match(r"[ \t]*(?:export[ \t]+)?([^=\s]*)[ \t]*=", line)
    if begin:
        return "not a valid name for a variable before the ="
    return "not a line of the form NAME=value"
