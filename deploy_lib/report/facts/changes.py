"""How the lists and the settings of two releases differ, as lines: "added: x", "memory: 256Mi -> 512Mi"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import latest_release, verdicts

SHOWN = 200  # lines of a difference; a change of everything is not worth more


def changes(before: Mapping[str, str], now: Mapping[str, str], *, show_values: bool) -> tuple[str, ...]:
    """ "added: x", "removed: y", "changed: z 1 -> 2", sorted by name within each."""
    added = [f"added: {name}" + (f" {now[name]}" if show_values else "") for name in sorted(now.keys() - before.keys())]
    gone = [f"removed: {name}" for name in sorted(before.keys() - now.keys())]
    differ = [name for name in sorted(before.keys() & now.keys()) if before[name] != now[name]]
    changed = [f"changed: {name}" + (f" {before[name]} -> {now[name]}" if show_values else "") for name in differ]
    found = [*added, *gone, *changed]
    if len(found) > SHOWN:
        return (*found[:SHOWN], f"and {len(found) - SHOWN} more")
    return tuple(found)


def settings_changed(previous: Sequence[Entry] | None, entries: Sequence[Entry]) -> tuple[str, ...]:
    """As the configuration of both releases tells it, and what else the canary changed on the running service."""
    asked = (each.details.settings_changed() for each in verdicts(entries) if each.details)
    on_service = next((lines for lines in asked if lines is not None), ())
    before, now = latest_release(previous or ()), latest_release(entries)
    configured = tuple(_fields(before.service, now.service)) if before and now else ()
    return tuple(dict.fromkeys((*configured, *_besides(configured, on_service)))) if previous else on_service


def _besides(configured: Sequence[str], on_service: Sequence[str]) -> Iterator[str]:
    """What the canary changed, and neither the configuration's changes nor the table of facts say already."""
    variables = {line.split(": ", 1)[1].split(" ")[0] for line in configured if line.startswith(("env ", "secrets "))}
    for line in on_service:
        what = line.partition(":")[0]
        if what != "image" and what.removeprefix("variable ") not in variables:
            yield line


def _fields(before: Any, now: Any) -> Iterator[str]:
    """Two dataclasses field by field. Of variables only names: a value may be a secret nobody marked."""
    for field in (field for field in fields(before) if field.compare):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if is_dataclass(old) and type(old) is type(new):
            prefix = "" if field.name == "source" else f"{field.name}."
            yield from (f"{prefix}{line}" for line in _fields(old, new))
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            name = "build argument" if field.name == "args" else field.name
            yield from (f"{name} {line}" for line in changes(old, new, show_values=field.name == "secrets"))
        elif old != new:
            shown = ("not set" if value is None else str(value) for value in (old, new))
            yield f"{field.name}: {' -> '.join(shown)}"
