"""How every command prints: cleaned, and stopped by nothing: no character that the terminal's encoding lacks, no
reader who has left."""

from __future__ import annotations

import json
import sys
from typing import TextIO

from deploy_lib.cli.show.streams import put_line
from deploy_lib.printable import Printable, shown

_LONGEST = 2000  # characters of a line of an error


def say(*lines: str, to: TextIO | None = None) -> None:
    """Lines for a person, on standard output, or to another stream."""
    for text in lines:
        put_line(shown(text), to or sys.stdout)


def say_error(text: str) -> None:
    """On standard error. It may quote git, Google or a build, so what looks like a secret is masked."""
    say("\n".join(map(_cut, Printable().text(text).split("\n"))), to=sys.stderr)


def _cut(line: str) -> str:
    """A value that someone typed may be a million characters long: its two ends are enough to know it by."""
    if len(line) <= _LONGEST:
        return line
    return f"{line[: _LONGEST // 2]} ... ({len(line)} characters) ... {line[-_LONGEST // 2 :]}"


def say_as_is(text: str) -> None:
    """What is made for a program: an annotation, a document. All that is foreign in it was seen to by its maker."""
    put_line(text, sys.stdout)


def say_json(value: object, *, indent: int | None = None) -> None:
    put_line(as_json(value, indent=indent), sys.stdout)


def as_json(value: object, *, indent: int | None = None) -> str:
    """ASCII alone, so that any terminal and any encoding can take it; no text in it acts in a CI log."""
    text = json.dumps(_whole(value), indent=indent)
    return text.replace("##", "#\\u0023")


def _as_unicode(text: str) -> str:
    """A byte that is not UTF-8 as its \\x.. code, as people are shown it."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # surrogates of another origin
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _whole(value: object) -> object:
    """Without lone surrogates, which are not Unicode text: many readers of JSON refuse them (RFC 8259, 8.2)."""
    if isinstance(value, str):
        return value if value.isascii() else _as_unicode(value)
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value
