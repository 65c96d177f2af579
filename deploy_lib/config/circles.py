"""Things that wait for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def circle_in(waits: Mapping[str, Sequence[str]]) -> list[str]:
    """Names of which each waits for the next, beginning and ending with the same one; empty when there are none.

    `waits` are for each name those that it waits for; what is no key of it waits for nothing.
    """

    def walk(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        return next((found for each in waits.get(name, ()) if (found := walk(each, [*trail, name]))), [])

    return next((found for name in waits if (found := walk(name, []))), [])
