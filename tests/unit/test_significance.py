"""The test of slowness: exact for few requests as for many, and deaf to what slows both sides alike."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from deploy_lib.model.answers import Side
from deploy_lib.steps.significance import Opinion, exceedance, weigh
from deploy_lib.steps.thresholds import Thresholds


@pytest.mark.parametrize(("stables", "candidates"), [(3, 4), (5, 5), (6, 3)])
def test_exceedance_counts_every_order_of_both(stables: int, candidates: int) -> None:
    orders = [set(order) for order in combinations(range(stables + candidates), stables)]
    for below in range(1, stables + 1):
        for above in range(candidates + 1):
            hit = 0
            for order in orders:
                limit = sorted(order)[below - 1]
                hit += sum(rank > limit for rank in range(stables + candidates) if rank not in order) >= above
            assert exceedance(above, candidates, below, stables) == pytest.approx(hit / len(orders))


@pytest.mark.parametrize("requests", [12, 30, 120])
def test_two_equal_revisions_on_a_busy_machine_are_not_told_apart(requests: int) -> None:
    """One request in ten, of either side, waits for the machine for up to a second."""
    chance, worse, times = Random(requests), 0, 300

    def taken() -> float:
        return 0.01 + (chance.random() if chance.random() < 0.1 else 0.0)

    for _ in range(times):
        stable, candidate = (Side(requests, 0, tuple(taken() for _ in range(requests))) for _ in range(2))
        worse += weigh(stable, candidate, Thresholds()).opinion is Opinion.WORSE
    assert worse <= 0.05 * times


@pytest.mark.parametrize("slower", [0.8, 8.0])
def test_the_slower_the_sooner(slower: float) -> None:
    stable = Side(15, 0, (0.01,) * 15)
    found = weigh(stable, Side(12, 0, (slower,) * 12), Thresholds(), enough=30)
    assert found.opinion is Opinion.WORSE and "too slow" in found.reason and "seen in 12 requests" in found.reason


def test_what_still_waits_within_the_limit_says_nothing() -> None:
    stable = Side(40, 0, (0.01,) * 40)
    assert weigh(stable, Side(0, 0, waiting=(0.05,) * 40), Thresholds(), enough=30).opinion is Opinion.UNCLEAR
