"""Every rule of the closure, on the smallest program that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.source.imports.golden import analysed, cases, line_of

CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    case: dict[str, Any] = CASES[name]
    analysis = analysed(case)
    assert [line_of(finding) for finding in analysis.findings] == case.get("found", [])
    if "chain" in case:
        assert list(analysis.findings[0].chain) == case["chain"]
    if "rule" in case:
        assert analysis.findings[0].rule == case["rule"]
    if "fix" in case:
        assert analysis.findings[0].fix == case["fix"]
    if "says" in case:
        assert case["says"] in analysis.findings[0].message
    if "modules" in case:
        assert sorted(analysis.modules) == case["modules"]


def test_there_are_cases() -> None:
    assert len(CASES) > 60
