"""config/events.schema.json: what `--output json` writes, a line an event. A test keeps the file equal to this."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import TypeAdapter

from deploy_lib.model.journal import Entry, Judged, Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.steps.catalogue import KINDS

_REF = "#/$defs/{model}"
_DESCRIPTION = "the service of the configuration file that it is about"


def events_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of one event. A later version may add fields, and no reader may mind them."""
    definitions: dict[str, Any] = {}
    for kind in get_args(Entry):
        definitions |= _definitions(kind)
    for name, details in sorted((name, kind.details) for name, kind in KINDS.items()):
        definitions |= _definitions(details)
        _add_facts(definitions[Judged.__name__], name, details.__name__)
    _leave_out_empty_facts(definitions)
    progress = {
        "type": "object",
        "description": "anything worth a line meanwhile",
        "properties": {"type": {"const": "progress", "type": "string"}, "text": {"type": "string"}},
        "required": ["type", "text"],
    }
    events = {**{kind.__name__: definitions[kind.__name__] for kind in get_args(Entry)}, "Progress": progress}
    events |= {"Changed": _compared("changed", "is released"), "Unchanged": _compared("unchanged", "is left alone")}
    stopped = events[Stopped.__name__]
    stopped["properties"]["exit_code"] = {"enum": sorted({outcome.exit_code for outcome in Outcome})}
    stopped["required"].append("exit_code")
    for event in events.values():
        event["properties"] = {"service": {"type": "string", "description": _DESCRIPTION}, **event["properties"]}
        event["required"] = ["service", *event["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of --output json",
        "oneOf": [{"$ref": _REF.format(model=name)} for name in events],
        "$defs": {name: _brief(each) for name, each in sorted((definitions | events).items())},
    }


def _compared(kind: str, what: str) -> dict[str, Any]:
    """Of --changed, before anything is done."""
    return {
        "type": "object",
        "description": f"with --changed: why the service {what}",
        "properties": {
            "type": {"const": kind, "type": "string"},
            "why": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["type", "why"],
    }


def _brief(schema: Any) -> Any:
    """Without what its names say again, and without defaults: every field is written."""
    if isinstance(schema, list):
        return [_brief(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: value for name, value in schema.items() if name not in ("title", "default", "properties")}
    brief = {name: _brief(value) for name, value in kept.items()}
    if "properties" in schema:
        brief["properties"] = {name: _brief(each) for name, each in schema["properties"].items()}
    return brief


def _definitions(record: type[Any]) -> dict[str, Any]:
    """The record and all that it is made of, by name, as they are written: with every field."""
    schema = TypeAdapter(record).json_schema(mode="serialization", ref_template=_REF)
    return {**schema.pop("$defs", {}), record.__name__: schema}


def _add_facts(judged: dict[str, Any], kind: str, details: str) -> None:
    """What a step found is called `facts` on a line; which they are follows from its kind. Some find none."""
    judged["properties"].pop("details", None)
    judged["properties"]["facts"] = {"type": "object", "description": "what the step found, by its kind"}
    judged["required"] = [*(name for name in judged["required"] if name not in ("details", "facts")), "facts"]
    found = {"anyOf": [{"$ref": _REF.format(model=details)}, {"type": "object", "maxProperties": 0}]}
    judged.setdefault("allOf", []).append(
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"properties": {"facts": found}}}
    )


def _leave_out_empty_facts(definitions: dict[str, Any]) -> None:
    """Of what is known of a cause only that is written, and nothing where that is nothing."""
    cause = definitions["Cause"]
    records = cause["properties"]["facts"]
    names = [each["$ref"].rpartition("/")[2] for each in records["oneOf"]]
    for name in names:
        definitions[name].pop("required", None)
    cause["properties"]["facts"] = {
        "anyOf": [*records["oneOf"], {"type": "object", "maxProperties": 0}],
        "description": "what is known besides; `type` says which record it is",
    }
