"""config/schema.json: what the loader accepts, for editors. A test keeps the file equal to this."""

from __future__ import annotations

from typing import Any

from deploy_lib.config.runtime import RuntimeSettings
from deploy_lib.config.settings import FileSettings
from deploy_lib.steps.catalogue import KINDS


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of a configuration file. Of a kind its settings come before those it shares.

    What a file that extends another leaves out may stand in that one, so nothing is required of it.
    """
    document = FileSettings.model_json_schema(by_alias=True)
    definitions = document.setdefault("$defs", {})
    entries: list[dict[str, Any]] = [{"enum": sorted(KINDS)}]
    for name, kind in KINDS.items():
        settings = kind.settings.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions.update(settings.pop("$defs", {}))
        own = [
            field.alias or each
            for each, field in kind.settings.model_fields.items()
            if each in kind.settings.__annotations__
        ]
        properties = settings["properties"] | (kind.short_form.schema if kind.short_form else {})
        settings["properties"] = {**{each: properties[each] for each in own if each in properties}, **properties}
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
    checks = [name for name, kind in KINDS.items() if kind.of_jobs]
    job = definitions["JobTargetSettings"]
    job["properties"]["steps"] |= {"items": {"anyOf": [{"enum": checks}, *entries[1:]]}}
    service = definitions["ServiceSettings"]
    own = [name for name in service["properties"] if name not in RuntimeSettings.model_fields]
    service["properties"] = {**{name: service["properties"][name] for name in own}, **service["properties"]}
    document["patternProperties"] = {"^x-": {"description": "not read; a place for anchors"}}
    document["if"] = {"not": {"anyOf": [{"required": ["extends"]}, {"required": ["jobs"]}]}}
    document["then"] = {
        "required": document.pop("required"),
        "properties": {"services": {"additionalProperties": {"required": service.pop("required")}}},
    }
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return document
