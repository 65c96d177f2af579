"""What an image holds, as the steps recorded it, and how two such lists differ.

Steps may record a list of names, of pairs or of records, or a mapping; all are read, and anything else is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

SHOWN = 200  # lines of a difference; a change of everything is not worth more


def manifest(facts: Mapping[str, object]) -> dict[str, str] | None:
    """Path -> content id of the service's own files; None when no step recorded them."""
    return _pairs(next((facts[key] for key in ("manifest", "files") if key in facts), None), "path", "blob")


def distributions(facts: Mapping[str, object]) -> dict[str, str] | None:
    """Package -> version of what is installed in the image; None when no step recorded it."""
    return _pairs(next((facts[key] for key in ("distributions", "packages") if key in facts), None), "name", "version")


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


def _pairs(value: object, key: str, content: str) -> dict[str, str] | None:
    if isinstance(value, Mapping):
        return {str(name): _content(inside, content) for name, inside in value.items()}
    if not isinstance(value, list | tuple):
        return None
    found: dict[str, str] = {}
    for item in value:
        if isinstance(item, str):
            found[item] = ""
        elif isinstance(item, Mapping) and key in item:
            found[str(item[key])] = str(item.get(content) or "")
        elif isinstance(item, list | tuple) and item:
            found[str(item[0])] = str(item[-1]) if len(item) > 1 else ""
    return found


def _content(value: object, content: str) -> str:
    if isinstance(value, Mapping):
        return str(value.get(content) or "")
    if isinstance(value, list | tuple):
        return str(value[-1]) if value else ""
    return str(value)
