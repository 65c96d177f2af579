"""Pydantic's errors in the words of someone who writes YAML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from deploy_lib.config.lines import Document, Path
from deploy_lib.config.problems import ConfigProblem, unknown

_WORDS = {
    "missing": "{key} is missing",
    "string_type": "{key} is a text, not {input!r}; write it in quotes",
    "int_type": "{key} is a whole number, not {input!r}",
    "int_parsing": "{key} is a whole number, not {input!r}",
    "int_from_float": "{key} is a whole number, not {input!r}",
    "float_type": "{key} is a number, not {input!r}",
    "float_parsing": "{key} is a number, not {input!r}",
    "bool_type": "{key} is true or false, not {input!r}",
    "bool_parsing": "{key} is true or false, not {input!r}",
    "tuple_type": "{key} is a list, not {input!r}",
    "dict_type": "{key} is a mapping, not {input!r}",
    "model_type": "{key} is a mapping, not {input!r}",
    "enum": "{key} is one of {expected}, not {input!r}",
    "literal_error": "{key} is one of {expected}, not {input!r}",
    "greater_than": "{key} must be above {gt:g}, not {input!r}",
    "greater_than_equal": "{key} must be at least {ge:g}, not {input!r}",
    "less_than": "{key} must be below {lt:g}, not {input!r}",
    "less_than_equal": "{key} must be at most {le:g}, not {input!r}",
    "string_pattern_mismatch": "{key} cannot be {input!r}; it is {description}",
    "too_short": "{key} is empty",
    "string_too_short": "{key} is empty",
}

_NO_TEXT = {list: "a list", dict: "a mapping", type(None): "null; leave it out, or write '' for an empty one"}
"""What quotes would not mend."""


def worded(error: ValidationError, path: Path, document: Document, model: type[BaseModel]) -> Iterator[ConfigProblem]:
    """One ConfigProblem per error; the members of a union are reported once."""
    seen: set[tuple[str, str]] = set()
    for detail in error.errors(include_url=False):
        located = _location(path, detail["loc"], detail["type"], document)
        place = document.place(located)
        message = _message({**detail, "input": _written(document.data, located, detail["input"])}, located, model)
        if (place, message) not in seen:
            seen.add((place, message))
            yield ConfigProblem(place, message)


def _written(data: Any, path: Path, read: object) -> object:
    """What stands in the file at that place, where it is one value: a time, say, and not its seconds."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return read
    return data if isinstance(data, str | int | float) and isinstance(read, str | int | float) else read


def _location(path: Path, loc: tuple[str | int, ...], kind: str, document: Document) -> Path:
    """Pydantic's location without the names of union members, which are not in the file."""
    located = path
    for index, part in enumerate(loc):
        absent = kind == "missing" and index == len(loc) - 1
        if absent or (*located, part) in document.places:
            located = (*located, part)
    return located


def _message(detail: dict[str, Any], path: Path, model: type[BaseModel]) -> str:
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "the file")
    context = detail.get("ctx", {})
    owner, field = _walk(model, detail["loc"])
    if detail["type"] == "extra_forbidden":
        return unknown("key", key, [info.alias or name for name, info in owner.model_fields.items()])
    if detail["type"] == "value_error":
        text = str(context.get("error", detail["msg"]))
        return text if key in text else f"{key}: {text}"
    if detail["type"] == "string_type" and (form := _NO_TEXT.get(type(detail["input"]))):
        return f"{key} is one text, not {form}"
    template = _WORDS.get(detail["type"])
    if template is None:
        return f"{key}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
    description = (field.description if field else None) or context.get("pattern", "")
    return template.format(key=key, input=detail.get("input"), description=description, **context)


def _walk(model: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[type[BaseModel], FieldInfo | None]:
    """The innermost model of a location, and the field of it that the location names."""
    found: FieldInfo | None = None
    for part in loc:
        fields = {info.alias or name: info for name, info in model.model_fields.items()}
        if part in fields:
            found = fields[str(part)]
            model = _inner(found.annotation) or model
    return model, found


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The model inside Model, Model | None or dict[str, Model]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in getattr(annotation, "__args__", ()) if (model := _inner(part))), None)
