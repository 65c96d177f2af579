"""Which steps may start now. Pure: waitFor rules over step numbers.

Without waitFor a step waits for every step before it; `-` means it waits for nothing
(https://cloud.google.com/build/docs/configuring-builds/configure-build-step-order).
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from .refusal import invalid


def prerequisites(ids: Sequence[str], waits: Sequence[Sequence[str]]) -> list[frozenset[int]]:
    """For each step the numbers of the steps that must have passed. Raises BuildRefusal.

    >>> prerequisites(["a", "b", "c"], [[], ["-"], ["a"]])
    [frozenset(), frozenset(), frozenset({0})]
    """
    numbers = {name: number for number, name in enumerate(ids) if name}
    if len(numbers) != sum(1 for name in ids if name):
        twice = next(name for name in ids if name and list(ids).count(name) > 1)
        raise invalid(f'invalid .steps field: build step id "{twice}" is used more than once')
    found: list[frozenset[int]] = []
    for number, wait in enumerate(waits):
        if not wait:
            found.append(frozenset(range(number)))
            continue
        needed = {name for name in wait if name != "-"}
        unknown = sorted(name for name in needed if numbers.get(name, number) >= number)
        if unknown:
            raise invalid(
                f'invalid .steps field: build step {number} waits for "{unknown[0]}", '
                "which is not the id of an earlier step"
            )
        found.append(frozenset(numbers[name] for name in needed))
    return found


def ready(needs: Sequence[Set[int]], started: Set[int], passed: Set[int]) -> list[int]:
    return [number for number, need in enumerate(needs) if number not in started and need <= passed]
