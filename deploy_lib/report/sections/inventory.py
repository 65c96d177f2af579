"""How two lists of what images hold differ."""

from __future__ import annotations

from collections.abc import Mapping

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
