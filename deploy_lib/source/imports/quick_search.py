"""Searches of a module's text that most modules answer with no, told from a few words before any pattern is tried."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

_IMPORTS = (b"import", b"run", b"from_object")  # import_module(, __import__(, import_string( and uvicorn.run( too


@dataclass(frozen=True, slots=True)
class QuickSearch:
    """A pattern, and words of which every match of it holds one: to look for a word takes a tenth of the time."""

    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes]

    @classmethod
    def of(cls, pattern: bytes, *words: bytes) -> QuickSearch:
        """Without words the pattern consists of literal alternatives, which are the words themselves."""
        return cls(words or tuple(re.sub(rb"\\(.)", rb"\1", each) for each in pattern.split(b"|")), re.compile(pattern))

    def found_in(self, source: bytes) -> bool:
        return self._may_match(source) and bool(self.pattern.search(source))

    def all_in(self, source: bytes) -> Iterator[re.Match[bytes]]:
        return self.pattern.finditer(source) if self._may_match(source) else iter(())

    def _may_match(self, source: bytes) -> bool:
        return any(word in source for word in self.words)


@dataclass(frozen=True, slots=True)
class ImportingLines:
    """The lines of a module that may import something; None where its lines are not those of the syntax tree."""

    lines: list[int] | None

    @classmethod
    def of(cls, source: bytes) -> ImportingLines:
        if b"\r" in source:
            return cls(None)
        return cls(sorted(line for word in _IMPORTS for line in _lines_of(word, source)))

    def any_in(self, first: int, last: int) -> bool:
        """Whether one of these lines is among them, both ends included."""
        if self.lines is None:
            return True
        position = bisect_left(self.lines, first)
        return position < len(self.lines) and self.lines[position] <= last


def _lines_of(word: bytes, source: bytes) -> Iterator[int]:
    line, counted = 1, 0
    position = source.find(word)
    while position >= 0:
        line += source.count(b"\n", counted, position)
        yield line
        counted, position = position, source.find(word, position + 1)
