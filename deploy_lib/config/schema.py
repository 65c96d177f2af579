"""config/schema.json: what the loader accepts, for editors. A test keeps the file equal to this."""

from __future__ import annotations

from typing import Any

from deploy_lib.config.catalogue import KINDS
from deploy_lib.config.settings import FileSettings


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of a configuration file."""
    document = FileSettings.model_json_schema(by_alias=True)
    definitions = document.setdefault("$defs", {})
    entries: list[dict[str, Any]] = [{"enum": sorted(KINDS)}]
    for name, kind in KINDS.items():
        settings = kind.settings.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions.update(settings.pop("$defs", {}))
        for field in (each for each, about in kind.settings.model_fields.items() if about.exclude):
            settings["properties"].pop(field)
        if name == "promote":
            settings["properties"]["steps"] = {
                "type": "array",
                "items": {"type": "integer"},
                "minItems": 1,
                "description": "several percents, one after the other, instead of percent",
            }
            settings["properties"]["watch"] = {
                "$ref": "#/$defs/compare",
                "description": "compare for the time of bake after each of steps but the last",
            }
        definitions[name] = settings
        entries.append(
            {
                "type": "object",
                "properties": {name: {"anyOf": [{"$ref": f"#/$defs/{name}"}, {"type": "null"}]}},
                "required": [name],
                "additionalProperties": False,
            }
        )
    document["properties"]["steps"] = {"type": "array", "minItems": 1, "items": {"anyOf": entries}}
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return document
