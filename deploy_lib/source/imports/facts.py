"""What is known of one module's source, small enough to keep for every blob and quick to read again.

Facts follow from the content and the image's Python version alone. Their stored form is JSON, so that a cache that
somebody damaged can at worst be unreadable; `FORMAT` names its shape and goes into every key.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from deploy_lib.source.imports import events
from deploy_lib.source.imports.settings import Part, Setting

FORMAT = 12


DOUBTFUL = ("unknown_syntax", "too_large")
"""Codes of modules that may well be imported: what they import and bind is not known, and that is all."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Why the module cannot be imported at all. `code` is syntax_error, null_bytes, wrong_encoding, or one of DOUBTFUL.

    unknown_syntax: the Python that runs this tool cannot parse it, and the image's may be newer. too_large: it is not
    parsed at all.
    """

    code: str
    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """`open`: others may find attributes in it that the text does not show; `hides`: so may its own code, as globals.

    `moves_path`: sys.path or __path__ is changed; `extends_path`: the second, or how modules are looked for, so that a
    package may have others than those beside it.

    `registers`: modules it puts into sys.modules itself, "*" when which ones cannot be told. `loads_unknown`: it
    imports modules whose names are computed. `exports` is a literal __all__. `adds` are directories that it puts on
    sys.path, as added_paths.py writes them.
    """

    program: events.Program = ()
    broken: Broken | None = None
    open: bool = False
    hides: bool = False
    moves_path: bool = False
    extends_path: bool = False
    loads_unknown: bool = False
    registers: tuple[str, ...] = ()
    exports: tuple[str, ...] | None = None
    settings: tuple[Setting, ...] = ()
    adds: tuple[str, ...] = ()


Python = tuple[int, int]


def key(blob: str, python: Python | None) -> str:
    """Where the facts of a blob are kept: they also depend on the grammar, the image's and this interpreter's."""
    image = f"{python[0]}.{python[1]}" if python else "any"
    return f"{FORMAT}-{image}-{sys.version_info[0]}.{sys.version_info[1]}-{blob}"


def encode(facts: Facts) -> bytes:
    broken = facts.broken
    return json.dumps(
        [
            _packed(facts.program),
            [broken.code, broken.line, broken.column, broken.message] if broken else None,
            facts.open,
            facts.hides,
            facts.moves_path,
            facts.extends_path,
            facts.loads_unknown,
            facts.registers,
            facts.exports,
            _packed(facts.settings),
            facts.adds,
        ],
        separators=(",", ":"),
    ).encode()


def decode(stored: bytes) -> Facts | None:
    """None for what this version did not write."""
    try:
        program, broken, is_open, hides, moves, extends, loads, registers, exports, given, adds = json.loads(stored)
        return Facts(
            _unpacked(program),
            Broken(*broken) if broken else None,
            is_open,
            hides,
            moves,
            extends,
            loads,
            tuple(registers),
            None if exports is None else tuple(exports),
            _unpacked(given),
            tuple(adds),
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


_KINDS: tuple[type[events.Event] | type[events.Handler] | type[Setting] | type[Part], ...] = (
    events.Import,
    events.From,
    events.Load,
    events.Bind,
    events.Class,
    events.Function,
    events.Call,
    events.Unbind,
    events.Use,
    events.Read,
    events.Store,
    events.Raise,
    events.Try,
    events.Maybe,
    events.Main,
    events.Lazy,
    events.Handler,
    events.Doubt,
    events.VariableRead,
    Setting,
    Part,
)
_NUMBERS: dict[type, int] = {kind: number for number, kind in enumerate(_KINDS)}


def _packed(value: Any) -> Any:
    """An event becomes [number of its kind, its fields]; nothing else begins with a number."""
    if not isinstance(value, tuple):
        return value
    number = _NUMBERS.get(type(value))
    fields = [_packed(item) for item in value]
    return fields if number is None else [number, *fields]


def _unpacked(stored: list[Any]) -> Any:
    fields = [_unpacked(item) if type(item) is list else item for item in stored]
    if fields and type(fields[0]) is int:
        return _KINDS[fields[0]](*fields[1:])
    return tuple(fields)
