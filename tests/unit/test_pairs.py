"""Pairs of answers: what counts against the candidate is what the stable revision does not give to the same request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_lib.model.answers import Attempt
from deploy_lib.model.requests import Expectation
from deploy_lib.steps.pairs import Pair, sides
from deploy_lib.steps.responses import problem_of
from tests.golden_file import read_cases

CASES = read_cases(Path(__file__).parents[1] / "cases/requests/paired.yaml")
CANDIDATE, STABLE = "https://canary---a.run.app/x", "https://a.run.app/x"


def answer(said: Any, expect: Expectation) -> Attempt:
    if said == "none":
        return Attempt(0.0, 1.0, None, "no connection: refused")
    status, _, location = str(said).partition(" ")
    return Attempt(0.0, 0.01, int(status), problem_of(expect, int(status), b"", 0.01), location=location or None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_what_a_pair_says(case: dict[str, Any]) -> None:
    expect = Expectation(tuple(case["accepted"]) if "accepted" in case else None)
    pairs = [
        Pair(answer(candidate, expect), None if stable == "nobody" else answer(stable, expect))
        for stable, candidate, times in case["pairs"]
        for _ in range(times)
    ]
    _, found = sides(pairs, expect, CANDIDATE, STABLE)
    assert (found.requests, found.errors) == (len(pairs), case["failed"])
    assert len(found.latencies) == len(pairs) - case["failed"]
    if "why" in case:
        assert found.why[0] == (case["why"], case["failed"])
