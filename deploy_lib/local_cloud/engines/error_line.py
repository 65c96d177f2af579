"""Finds the line of a failed command's output that says why it failed. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARK = re.compile(r"(?:ERROR|FATAL|E)\b:?|error:|fatal:|\w*(?:Error|Exception): ")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def find_error_line(lines: Sequence[str]) -> str:
    """The last that begins as an error does; else the last that is not blank."""
    printed = [line.strip() for line in lines if line.strip()]
    marked = [line for line in printed if _MARK.match(line)]
    return (marked or printed or ["it printed nothing"])[-1]


def without_colour(line: str) -> str:
    return _COLOUR.sub("", line)
