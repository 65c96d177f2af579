"""Tables of TOML, whose files may hold anything: what has another form than is asked for is as if it were not there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

Table = Mapping[str, Any]


def read_table(text: str | None) -> Table:
    """Empty for what is no TOML, or nested too deep to be read."""
    try:
        return tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def value_at(table: Table, *keys: str) -> Any:
    """None where a key on the way is missing."""
    found: Any = table
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def part(table: Table, *keys: str) -> Table:
    """The table below those keys; empty where there is none."""
    found = value_at(table, *keys)
    return found if isinstance(found, dict) else {}


def texts(value: Any) -> list[str]:
    """The strings of a list, or a single one."""
    given = [value] if isinstance(value, str) else value
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def tables(value: Any) -> list[dict[str, Any]]:
    """The tables of a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
