"""Masks what is secret, in a text, in lines that belong together, and in any plain value."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from deploy_lib.redact.shapes import HINT, MASK, MASKED_SHAPES
from deploy_lib.redact.values import forms_of, is_secret

T = TypeVar("T")
PIECE = 6  # characters of a known secret that give away a line which holds only a part of it
_LABEL = re.compile(r"^\s*(?:[\w./-]+: +)+")  # "build: " before the line itself
LONGEST_KEY = 200  # lines; a log that was cut inside a key is not masked for ever


class Redactor:
    """Masks known secret values and everything that looks like a secret. Safe to use many times over one text."""

    def __init__(self, secret_values: Collection[str] = ()) -> None:
        forms: set[str] = set()
        for value in secret_values:
            forms |= forms_of(value)
        ordered = sorted(forms, key=len, reverse=True)  # a secret inside another one must not leave its rest behind
        self._known = re.compile("|".join(re.escape(form) for form in ordered)) if ordered else None
        self._whole = [form for form in ordered if len(form) >= 2 * PIECE]

    def text(self, text: str) -> str:
        """The text with every secret replaced by "[masked]"."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
            text = "\n".join(self._pieces(line) for line in text.split("\n")) if self._whole else text
        if not HINT.search(text):
            return text
        for pattern, instead in MASKED_SHAPES:
            text = pattern.sub(instead, text)
        return text

    def _pieces(self, line: str) -> str:
        """Without what a line holds of a known secret that was folded: its begin, its end, or the middle alone."""
        for form in self._whole:
            start = line.rfind(form[:PIECE])
            if start >= 0 and _tells(piece := line[start:].rstrip()) and form.startswith(piece):
                line = line[:start] + MASK
            end = line.find(form[-PIECE:])
            if end >= 0:
                head = _LABEL.sub("", line[: end + PIECE]).lstrip()
                if _tells(head) and form.endswith(head):
                    line = line[: end + PIECE - len(head)] + MASK + line[end + PIECE :]
            middle = _LABEL.sub("", line).strip()
            if len(middle) >= PIECE and _tells(middle) and middle in form:
                line = line.replace(middle, MASK)
        return line

    def lines(self, lines: Iterable[str]) -> list[str]:
        """Lines that belong together: a private key that spans several of them goes as a whole."""
        following = Following(self)
        return [following.line(line) for line in lines]

    def value(self, value: T) -> T:
        """A copy of any plain value (text, mapping, sequence, frozen dataclass) with every text in it masked."""
        return self._value(value)  # type: ignore[no-any-return]

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value if isinstance(value, enum.Enum) else self.text(value)
        if isinstance(value, Mapping):
            return {self._value(key): self._named(key, item) for key, item in value.items()}
        if isinstance(value, set | frozenset):
            return type(value)(self._value(item) for item in value)
        if isinstance(value, tuple | list):
            if value and all(type(item) is str for item in value):
                return type(value)(self.lines(value))
            if value and all(_is_line(item) for item in value):
                texts = self.lines(item.text for item in value)
                return type(value)(
                    dataclasses.replace(item, text=text) for item, text in zip(value, texts, strict=True)
                )
            return type(value)(self._value(item) for item in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: self._value(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init
            }
            return dataclasses.replace(value, **changed)
        return value

    def _named(self, key: object, item: Any) -> Any:
        """A text under a name that says so is a secret, whatever it looks like."""
        if isinstance(key, str) and isinstance(item, str) and is_secret(key, item):
            return MASK
        return self._value(item)


def _tells(piece: str) -> bool:
    """A piece that is one plain word may stand there by chance."""
    return len(piece) >= PIECE and not piece.isalpha()


class Following:
    """Masks lines as they come, one after the other: a private key that spans several of them goes as a whole."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._left = 0

    def line(self, line: str) -> str:
        if "PRIVATE KEY-----" in line and "-----BEGIN" in line:
            self._left = 0 if "-----END" in line else LONGEST_KEY
            return MASK if self._left else self._redactor.text(line)
        if self._left:
            self._left = 0 if "-----END" in line else self._left - 1
            return MASK
        return self._redactor.text(line)


def _is_line(item: object) -> bool:
    """Lines of a log, say: they belong together as plain texts do."""
    return (
        dataclasses.is_dataclass(item)
        and not isinstance(item, type)
        and isinstance(getattr(item, "text", None), str)
        and {field.name for field in dataclasses.fields(item)} >= {"text", "at"}
    )
