"""Several promotions in one entry: `{steps: [1, 10, 100], bake: 2m, watch: {...}}`."""

from __future__ import annotations

from typing import Any

from deploy_lib.steps.kind import NotWritten, ShortForm

_SCHEMA = {
    "steps": {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 1,
        "description": "several percents, one after the other, instead of percent",
    },
    "watch": {
        "$ref": "#/$defs/compare",
        "description": "compare for the time of bake after each of steps but the last",
    },
}


def write_out(settings: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """As single promotions, each but the last followed by its comparison: everything else knows that kind only."""
    percents, watch = settings["steps"], settings.get("watch")
    rest = {key: value for key, value in settings.items() if key not in _SCHEMA}
    if not isinstance(percents, list) or not percents:
        raise NotWritten("steps", "steps is a list of whole percents, e.g. [1, 10, 100]")
    if "percent" in settings:
        raise NotWritten("percent", "give percent or steps, not both")
    if watch is not None and not isinstance(watch, dict):
        raise NotWritten("watch", "watch holds the settings of compare")
    written: list[tuple[str, dict[str, Any]]] = []
    for percent in percents:
        baked = {key: value for key, value in rest.items() if watch is None or key != "bake"}
        written.append(("promote", {**baked, "percent": percent}))
        if watch is not None and percent != percents[-1]:
            duration = {"for": rest["bake"]} if "bake" in rest and "for" not in watch else {}
            written.append(("compare", {**duration, **watch}))
    return written


REFERENCE_SHORT = """\
# Several shares in one entry: promote 25 %, compare, promote 100 %.
- promote:
    steps: [25, 100]
    bake: 2m
    watch: {path: /health}   # settings of compare; it runs for `bake` after each share but the last
"""
SHORT = ShortForm("steps", write_out, _SCHEMA)
