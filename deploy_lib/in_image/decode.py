"""Turn untrusted JSON values into the dataclasses and named tuples that describe them.

The import check's result was made inside someone's image and passed through a build log, a file and a bucket.
Every value is held against its annotation before anything reads it, and a wrong one is named by its place.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


class WrongShape(ValueError):
    """A value is not what its annotation says; the message names its place, e.g. `failures[0].line`."""


@cache
def _annotations(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def decode(kind: type[T], value: object, where: str = "result") -> T:
    """Build `kind`, a dataclass, from a JSON object. Keys it does not know are left out. Raises WrongShape."""
    return typing.cast(T, _decode(kind, value, where))


def _decode(kind: Any, value: object, where: str) -> object:
    origin = typing.get_origin(kind)
    if origin is types.UnionType:
        options = typing.get_args(kind)
        return None if value is None else _decode(next(o for o in options if o is not types.NoneType), value, where)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        if not isinstance(value, list):
            raise _wrong(where, "a list", value)
        return tuple(_decode(item, each, f"{where}[{i}]") for i, each in enumerate(value))
    if dataclasses.is_dataclass(kind):
        return _decode_object(kind, value, where)
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _decode_row(kind, value, where)
    return _decode_scalar(kind, value, where)


def _decode_object(kind: Any, value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise _wrong(where, "an object", value)
    hints = _annotations(kind)
    found = {}
    for field in dataclasses.fields(kind):
        if field.name in value:
            found[field.name] = _decode(hints[field.name], value[field.name], f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise WrongShape(f"{where} has no {field.name}")
    return kind(**found)


def _decode_row(kind: Any, value: object, where: str) -> object:
    hints = _annotations(kind)
    if not isinstance(value, list) or len(value) != len(hints):
        raise _wrong(where, f"a list of {len(hints)}", value)
    pairs = zip(hints.items(), value, strict=True)
    return kind(*(_decode(hint, each, f"{where}.{name}") for (name, hint), each in pairs))


def _decode_scalar(kind: Any, value: object, where: str) -> object:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if type(value) is kind:
        return value
    raise _wrong(where, {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[kind], value)


def _wrong(where: str, wanted: str, value: object) -> WrongShape:
    return WrongShape(f"{where} should be {wanted}, not {repr(value)[:60]}")
