"""JSON Schema as far as ours go (draft 2020-12), and stricter: a field that no schema names is a fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_SAYS_NOTHING = {"$schema", "$defs", "title", "description", "format", "discriminator", "default"}
_KNOWN = _SAYS_NOTHING | {
    "$ref", "allOf", "anyOf", "oneOf", "if", "then", "type", "const", "enum", "properties", "required",
    "additionalProperties", "maxProperties", "items", "prefixItems", "minItems", "maxItems", "uniqueItems",
}  # fmt: skip


def faults(value: Any, schema: Any, whole: Mapping[str, Any], at: str = "$") -> Iterator[str]:
    """What does not fit. Raises ValueError for a part of the schema that nothing here knows."""
    if schema is True:
        return
    if unknown := set(schema) - _KNOWN:
        raise ValueError(f"{at}: no test knows {', '.join(sorted(unknown))}")
    if "$ref" in schema:
        yield from faults(value, whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, at)
    for each in schema.get("allOf", ()):
        yield from faults(value, each, whole, at)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            yield from _one_of(value, schema[name], whole, at)
    if "if" in schema and not _of_parts(value, schema["if"], whole):
        yield from _parts(value, schema["then"], whole, at)
    if "type" in schema:
        types = _TYPES[schema["type"]]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            yield f"{at}: {value!r} is not of type {schema['type']}"
            return
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if isinstance(value, dict):
        yield from _fields(value, schema, whole, at)
    if isinstance(value, list):
        yield from _items(value, schema, whole, at)


def _one_of(value: Any, schemas: list[Any], whole: Mapping[str, Any], at: str) -> Iterator[str]:
    found = [list(faults(value, each, whole, at)) for each in schemas]
    if all(found):
        yield from min(found, key=len)


def _of_parts(value: Any, schema: Any, whole: Mapping[str, Any]) -> list[str]:
    return list(_parts(value, schema, whole, ""))


def _parts(value: Any, schema: Any, whole: Mapping[str, Any], at: str) -> Iterator[str]:
    """A schema of some fields only, such as a condition has."""
    for name in schema["properties"].keys() & value.keys():
        yield from faults(value[name], schema["properties"][name], whole, f"{at}.{name}")


def _fields(value: dict[str, Any], schema: Any, whole: Mapping[str, Any], at: str) -> Iterator[str]:
    yield from (f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value)
    if len(value) > schema.get("maxProperties", len(value)):
        yield f"{at}: {sorted(value)} are too many"
    named, others = schema.get("properties", {}), schema.get("additionalProperties", "properties" not in schema)
    for name, each in value.items():
        if name in named:
            yield from faults(each, named[name], whole, f"{at}.{name}")
        elif others is False:
            yield f"{at}: nothing tells of {name}"
        else:
            yield from faults(each, others, whole, f"{at}.{name}")


def _items(value: list[Any], schema: Any, whole: Mapping[str, Any], at: str) -> Iterator[str]:
    first = schema.get("prefixItems", [])
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{at}: {len(value)} items"
    for number, each in enumerate(value):
        part = first[number] if number < len(first) else schema.get("items", True)
        yield from faults(each, part, whole, f"{at}[{number}]")
