"""The tails and bounds that decide a comparison, beside those that scipy.special gives for the same arguments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy_lib.steps.binomial import bounds, tail

TABLE = json.loads((Path(__file__).parents[1] / "cases" / "binomial.json").read_text())
"""betaincinv and bdtrc of scipy 1.17.1."""


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['count']} of {row['total']} at {row['alpha']}")
def test_they_are_those_of_scipy(row: dict[str, float]) -> None:
    count, total = int(row["count"]), int(row["total"])
    assert bounds(count, total, row["alpha"]) == pytest.approx((row["low"], row["high"]), rel=1e-9, abs=1e-15)
    assert tail(count, total, row["rate"]) == pytest.approx(row["tail"], rel=1e-9, abs=1e-290)


@pytest.mark.parametrize(("count", "total", "rate", "expected"), [(0, 0, 0.5, 1.0), (1, 0, 0.5, 0.0), (3, 2, 1.0, 0.0),
                         (1, 3, 0.0, 0.0), (3, 3, 1.0, 1.0), (2, 3, -0.1, 0.0), (2, 3, 1.5, 1.0)])  # fmt: skip
def test_the_edges(count: int, total: int, rate: float, expected: float) -> None:
    assert tail(count, total, rate) == expected


def test_of_nothing_nothing_is_known() -> None:
    assert bounds(0, 0, 0.05) == (0.0, 1.0)
