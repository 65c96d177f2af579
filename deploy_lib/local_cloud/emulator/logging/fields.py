"""Resolves the field of a log entry that a query names, and reads its values.

https://cloud.google.com/logging/docs/view/logging-query-language#missing_fields: a field that LogEntry does not
define is an error; one that it defines has its default value when unset; one inside a payload or among labels
may be missing, and then every comparison with it is false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from google.cloud.logging_v2.types import LogEntry
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value  # type: ignore[attr-defined]

from ..query.parse import BadQuery

ENTRY = LogEntry.pb(LogEntry())
_NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
    FieldDescriptor.CPPTYPE_FLOAT,
    FieldDescriptor.CPPTYPE_DOUBLE,
}
_WELL_KNOWN = {"google.protobuf.Timestamp": "time", "google.protobuf.Duration": "duration"}


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` is text, number, bool, severity, time, duration, json or message; `read` gives all values there are.

    Values of kind json are text, number or bool, each as it was logged; of kind message, whole messages.
    """

    kind: str
    read: Callable[[Any], list[Any]]


def find_field(path: tuple[str, ...]) -> Field:
    """Raises BadQuery when a log entry has no such field."""
    return _descend(path, ENTRY.DESCRIPTOR, lambda entry: [entry], path)


def texts(value: Any) -> Iterable[str]:
    """Every text anywhere in a message, for a search that names no field."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Value):
        yield from (str(found) for found in _plain(value))
    elif isinstance(value, Struct):
        for inner in value.fields.values():
            yield from texts(inner)
    elif isinstance(value, Message):
        for field, inner in value.ListFields():
            if field.message_type and field.message_type.GetOptions().map_entry:
                inner = inner.values()
            for one in inner if field.is_repeated else [inner]:
                yield from texts(one)


def _descend(
    path: tuple[str, ...], here: Descriptor, read: Callable[[Any], list[Any]], whole: tuple[str, ...]
) -> Field:
    name, rest = path[0], path[1:]
    field = here.fields_by_name.get(name) or here.fields_by_camelcase_name.get(name)
    if field is None:
        raise BadQuery(f"a log entry has no field {'.'.join(whole)!r}")
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return _in_map(field.name, rest, read)
    if inner is not None and inner.full_name == "google.protobuf.Struct":
        return Field("json", lambda entry: [v for m in read(entry) for v in _in_struct(m, field.name, rest)])
    if inner is not None and inner.full_name not in _WELL_KNOWN:
        step = _inner(field.name, bool(rest))
        if rest:
            return _descend(rest, inner, lambda entry: [v for m in read(entry) for v in step(m)], whole)
        return Field("message", lambda entry: [v for m in read(entry) for v in step(m)])
    if rest:
        raise BadQuery(f"a log entry has no field {'.'.join(whole)!r}: {name} holds a single value")
    return Field(_kind(field), lambda entry: [_scalar(m, field.name) for m in read(entry)])


def _kind(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return _WELL_KNOWN[field.message_type.full_name]
    if field.enum_type is not None:
        return "severity"
    if field.cpp_type in _NUMBERS:
        return "number"
    return "bool" if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else "text"


def _scalar(message: Any, name: str) -> Any:
    value = getattr(message, name)
    if isinstance(value, Message):
        return value.seconds * 1_000_000_000 + value.nanos  # type: ignore[attr-defined]
    return value


def _inner(name: str, through: bool) -> Callable[[Any], list[Any]]:
    """On the way to a defined field an unset message stands for its defaults; as the goal it is simply not there."""
    return lambda message: [getattr(message, name)] if through or message.HasField(name) else []


def _in_map(name: str, rest: tuple[str, ...], read: Callable[[Any], list[Any]]) -> Field:
    if not rest:
        return Field("message", lambda entry: [value for m in read(entry) for value in getattr(m, name).values()])
    key = ".".join(rest)
    return Field("text", lambda entry: [getattr(m, name)[key] for m in read(entry) if key in getattr(m, name)])


def _in_struct(message: Any, name: str, rest: tuple[str, ...]) -> list[Any]:
    if not message.HasField(name):
        return []
    return _along(Value(struct_value=getattr(message, name)), rest)


def _along(value: Value, path: tuple[str, ...]) -> list[Any]:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return [found for inner in value.list_value.values for found in _along(inner, path)]
    if not path:
        return _plain(value)
    if kind != "struct_value" or path[0] not in value.struct_value.fields:
        return []
    return _along(value.struct_value.fields[path[0]], path[1:])


def _plain(value: Value) -> list[Any]:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return [found for inner in value.struct_value.fields.values() for found in _plain(inner)]
    if kind == "list_value":
        return [found for inner in value.list_value.values for found in _plain(inner)]
    if kind == "null_value":
        return ["NULL_VALUE"]
    return [getattr(value, kind)] if kind else []
