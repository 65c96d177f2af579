"""What comes with the distributions that a project declares: which others they need, and the modules of all of them.

The table is made from PyPI (scripts/brought.py): the requirements of newest releases, and of older ones as far as PyPI
tells them. A pinned release may have brought more, so what the table lacks is no proof.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Brought:
    """`modules` are top-level; empty where no wheel tells them. `extras` have what each needs besides `needs`."""

    modules: frozenset[str]
    needs: frozenset[str]
    extras: Mapping[str, frozenset[str]]


def all_installed(wanted: Iterable[str], known: Mapping[str, Brought] | None = None) -> frozenset[str] | None:
    """The names of all that comes with the wanted ones, themselves included; None where the table knows not all of it.

    A name is normalised and may have an extra: "uvicorn[standard]".

    >>> table = {"a": Brought(frozenset({"a"}), frozenset({"b[x]"}), {}),
    ...          "b": Brought(frozenset({"b"}), frozenset(), {"x": frozenset({"c"})}),
    ...          "c": Brought(frozenset({"c"}), frozenset(), {})}
    >>> sorted(all_installed(["a"], table)), all_installed(["private"], table)
    (['a', 'b', 'c'], None)
    """
    known = table() if known is None else known
    waiting, seen = list(wanted), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        plain, _, extra = name.rstrip("]").partition("[")
        found = known.get(plain)
        if found is None or not found.modules:
            return None
        waiting += found.extras.get(extra, ()) if extra else found.needs
        if extra:
            waiting.append(plain)
    return frozenset(name for name in seen if "[" not in name)


def with_extras(names: Collection[str], known: Mapping[str, Brought] | None = None) -> frozenset[str]:
    """The names, and each with every extra: where a command was read without them."""
    known = table() if known is None else known
    extras = {f"{name}[{extra}]" for name in names if name in known for extra in known[name].extras}
    return frozenset({*names, *extras})


def modules_of(distributions: Iterable[str], known: Mapping[str, Brought] | None = None) -> frozenset[str]:
    """The top-level modules that wheels of these bring, as far as the table knows."""
    known = table() if known is None else known
    return frozenset(module for name in distributions if name in known for module in known[name].modules)


@cache
def table() -> Mapping[str, Brought]:
    """By normalised name."""
    text = Path(__file__).with_name("brought.txt").read_text(encoding="utf-8")
    return {name: found for name, found in map(_row, text.splitlines()) if found is not None}


def _row(line: str) -> tuple[str, Brought | None]:
    name, *words = line.split(" ")
    if name == "#":
        return name, None
    modules, needs, *extras = words
    by_extra = dict(word[1:].split("]", 1) for word in extras)
    return name, Brought(_names(modules), _names(needs), {extra: _names(text) for extra, text in by_extra.items()})


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text not in ("?", "-") else frozenset()
