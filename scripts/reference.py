"""Writes what follows from the program: config/schema.json, config/events.schema.json, the steps of
config/reference.yaml, the parts of docs/reference.md about commands, flags, settings and their defaults, and the tables
of docs/permissions.md.

    python scripts/reference.py           write them again
    python scripts/reference.py --check   exit with 1 when they are not what the program says

A part of the page stands between `<!-- begin NAME -->` and `<!-- end -->`, the steps of the configuration file below
its line `steps:`; everything else in these files is written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deploy_lib.cli.arguments import parser  # noqa: E402
from deploy_lib.cli.show.events_schema import events_schema  # noqa: E402
from deploy_lib.config.schema import schema  # noqa: E402
from deploy_lib.model.needs import APIS, BUILDER, DEPLOYER, GUARD, NOTIFIER, PRUNER, RUNTIME, Need  # noqa: E402
from deploy_lib.model.roles import role_for  # noqa: E402
from deploy_lib.steps.catalogue import KINDS  # noqa: E402

PAGE = ROOT / "docs" / "reference.md"
PERMISSIONS = ROOT / "docs" / "permissions.md"
SCHEMA = ROOT / "config" / "schema.json"
EVENTS = ROOT / "config" / "events.schema.json"
EXAMPLE = ROOT / "config" / "reference.yaml"
SHARED = 4  # commands that must have a flag, for it to be told once for all
_PART = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TIME = "(ms|s|m|h)"  # in the pattern of a time
_UNITS = (("h", 3600.0), ("m", 60.0), ("s", 1.0))


def main(arguments: list[str]) -> int:
    old = [path for path, wanted in files().items() if not path.is_file() or path.read_text("utf-8") != wanted]
    if arguments == ["--check"]:
        named = ", ".join(str(path.relative_to(ROOT)) for path in old)
        print(f"not what the program says: {named}; type: python scripts/reference.py" if old else "", end="")
        return int(bool(old))
    for path, wanted in files().items():
        path.write_text(wanted, encoding="utf-8")
    return 0


def files() -> dict[Path, str]:
    """Each file as the program says it now."""
    settings = schema()
    return {
        SCHEMA: json.dumps(settings, indent=2) + "\n",
        EVENTS: json.dumps(events_schema(), indent=1) + "\n",
        EXAMPLE: with_steps(EXAMPLE.read_text(encoding="utf-8")),
        PAGE: filled(PAGE.read_text(encoding="utf-8"), settings),
        PERMISSIONS: with_permissions(PERMISSIONS.read_text(encoding="utf-8")),
    }


def with_permissions(page: str) -> str:
    """docs/permissions.md with the tables that the command doctor asks by."""
    parts = {
        "apis": ["| API | needed when |", "|---|---|", *(f"| `{api.name}` | {api.when} |" for api in APIS)],
        "deployer": _permission_rows(DEPLOYER),
        "notifier": _permission_rows(NOTIFIER),
        "pruner": _permission_rows(PRUNER),
        "builder": _permission_rows(BUILDER),
        "guard": _permission_rows(GUARD),
        "runtime": _permission_rows(RUNTIME),
    }
    return _PART.sub(lambda match: match[1] + "\n" + "\n".join(parts[match[2]]) + "\n\n" + match[3], page)


def _permission_rows(needs: Iterable[Need]) -> list[str]:
    head = ["| permission | on | needed to | needed when | smallest role |", "|---|---|---|---|---|"]
    rows = [
        f"| `{need.permission}` | {need.on} | {need.why} | {need.when} | `{role_for(need.permission)}` |"
        for need in needs
    ]
    return head + rows


def with_steps(example: str) -> str:
    """The example of a configuration file, with every kind of step where it usually stands."""
    head, line, rest = example.partition("\nsteps:")
    usual = sorted((each for kind in KINDS.values() for each in kind.usual), key=lambda each: each.place)
    entries = [textwrap.indent(each.reference, "  ") for each in usual]
    return f"{head}{line}{rest.partition(chr(10))[0]}\n\n" + "\n".join(entries)


def filled(page: str, schema: dict[str, Any]) -> str:
    """The page with every part as the program says it now. Raises KeyError for an unknown part."""
    whole = schema["then"]  # what is needed of a file that extends none
    file = schema | {"required": whole["required"]}
    service = schema["$defs"]["ServiceSettings"] | whole["properties"]["services"]["additionalProperties"]
    parts = {
        "commands": "\n".join(commands(parser())),
        "file": "\n".join(table(file, schema, leave_out=("services", "steps", "jobs"))),
        "service": "\n".join(table(service, schema)),
        "job": "\n".join(table(_own(schema), schema)),
        "guard": "\n".join(table(schema["$defs"]["GuardSettings"]["anyOf"][1], schema)),
        "steps": "\n".join(steps(schema)),
    }
    return _PART.sub(lambda match: f"{match[1]}\n{parts[match[2]]}\n\n{match[3]}", page)


def _own(schema: dict[str, Any]) -> dict[str, Any]:
    """What a job has besides the settings that it shares with services."""
    shared = schema["$defs"]["ServiceSettings"]["properties"]
    job: dict[str, Any] = schema["$defs"]["JobTargetSettings"]
    return job | {"properties": {name: each for name, each in job["properties"].items() if name not in shared}}


def commands(top: argparse.ArgumentParser) -> Iterator[str]:
    """What several commands share first, then one heading for each command."""
    choices = next(each for each in top._actions if isinstance(each, argparse._SubParsersAction)).choices
    flags = {name: list(filter(None, map(flag, each._actions))) for name, each in choices.items()}
    times = Counter(row for rows in flags.values() for row in rows)
    shared = [row for row in times if times[row] >= SHARED]
    yield from rendered(("flags that many commands share", "meaning"), shared)
    for name, command in choices.items():
        said = (command.description or "").partition(": ")[2]
        yield f"\n### `{name}`\n\n{said[:1].upper()}{said[1:]}\n"
        own = [row for row in flags[name] if row not in shared]
        yield from rendered(("", "meaning"), own)
        others = ", ".join(row[0].split(" ")[0].rstrip("`") + "`" for row in shared if row in flags[name])
        if others:
            yield f"\nAnd {others}." if own else f"Takes {others}."


def flag(action: argparse.Action) -> tuple[str, str] | None:
    if action.help == argparse.SUPPRESS or action.dest == "help":
        return None
    value = f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.metavar or ""
    if action.option_strings and action.nargs != 0 and not value:
        value = action.dest.upper()
    value = f"[{value}]" if action.nargs == "?" and action.option_strings else value
    shown = " ".join(filter(None, [", ".join(action.option_strings), str(value)])) or action.dest
    return f"`{shown}`", (action.help or "").replace("%%", "%")


def steps(schema: dict[str, Any]) -> Iterator[str]:
    names = [name for entry in schema["properties"]["steps"]["items"]["anyOf"] for name in entry.get("required", ())]
    for name in names:
        yield f"### `{name}`\n"
        yield from table(schema["$defs"][name], schema)
        yield ""


def table(
    settings: dict[str, Any], schema: dict[str, Any] | None = None, leave_out: Iterable[str] = ()
) -> Iterator[str]:
    needed = settings.get("required", ())
    rows = []
    for name, field in settings["properties"].items():
        if name in leave_out:
            continue
        default = "needed" if name in needed else value(field)
        within, inner = ("", {}) if name in ("services", "health") else inner_settings(field, schema or {})
        if within or not inner:
            rows.append((f"`{name}`", kind(field), default, told(field)))
        for key, each in inner.get("properties", {}).items():
            known = "needed" if key in inner.get("required", ()) else value(each)
            rows.append((f"`{name}{within}.{key}`", kind(each), known, told(each)))
    yield from rendered(("key", "value", "default", "meaning"), rows)


def inner_settings(field: dict[str, Any], schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The settings inside of one, and how they are reached: "" in it, "[]" in each of a list, ".NAME" under a name."""
    places = [("", field), ("[]", field.get("items", {})), (".NAME", field.get("additionalProperties") or {})]
    places += [(".NAME", each) for each in field.get("patternProperties", {}).values()]
    for each in field.get("anyOf", ()):
        places += [("", each), ("[]", each.get("items", {}))]
    for within, found in places:
        name = found.get("$ref", "").rpartition("/")[2] if isinstance(found, dict) else ""
        if name.endswith("Settings"):
            return within, schema["$defs"][name]
    return "", {}


def kind(field: dict[str, Any]) -> str:
    """What may stand there, in a few words."""
    if "enum" in field:
        return " or ".join(f"`{each}`" for each in field["enum"])
    if "anyOf" in field:
        if _TIME in json.dumps(field):
            return "a time"
        shown = [kind(each) for each in field["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(shown))
    if "$ref" in field:
        return f"settings of `{field['$ref'].rpartition('/')[2]}`"
    match field.get("type"):
        case "array":
            return "list"
        case "object":
            return "keys and values"
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number":
            return "whole number" if field["type"] == "integer" else "number"
    return "text"


def value(field: dict[str, Any]) -> str:
    default = field.get("default")
    if default in (None, [], {}):
        return ""
    if _TIME in json.dumps(field):
        return f"`{as_time(float(default))}`"
    return f"`{json.dumps(default) if isinstance(default, bool) else default}`"


def as_time(seconds: float) -> str:
    """As the configuration writes it: 250ms, 30s, 20m."""
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= size and seconds % size == 0), ("ms", 0.001))
    return "0s" if not seconds else f"{seconds / size:g}{unit}"


def told(field: dict[str, Any]) -> str:
    return str(field.get("description", "")).replace("|", "\\|")


def rendered(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
