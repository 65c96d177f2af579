"""What users got, summed up: by step, by revision, and in the closing table."""

from __future__ import annotations

import io

import pytest
from rehearse import tables
from rehearse.request_stats import NO_ANSWER, RequestStats, Row, Sample, percents
from rehearse.tables import Result
from rich.console import Console


def _tally(*samples: Sample) -> RequestStats:
    return RequestStats(list(samples))


def test_rows_follow_the_order_of_the_steps() -> None:
    stats = _tally(
        Sample("build", "v1", 0.010),
        Sample("promote 10 %", "v1", 0.010),
        Sample("promote 10 %", "v2", 0.030, "/: status 500"),
        Sample("build", "v1", 0.020),
        Sample("promote 10 %", "v1", 0.020),
    )
    assert stats.rows() == [
        Row("build", 2, 0, {"v1": 100}, 0.020, 0.020),
        Row("promote 10 %", 3, 1, {"v1": 67, "v2": 33}, 0.020, 0.030),
    ]
    assert (stats.requests, stats.failures) == (5, 1)


def test_problems_are_counted_by_kind_and_revision() -> None:
    bad = Sample("x", NO_ANSWER, 1.0, "/: ConnectError")
    assert _tally(bad, bad, Sample("x", "v1", 1.0)).problems() == {"/: ConnectError from no answer": 2}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], {}),
        (["a"], {"a": 100}),
        (["a"] * 9 + ["b"], {"a": 90, "b": 10}),
        (["a"] * 999 + ["b"], {"a": 100, "b": 1}),
    ],
)
def test_percents(names: list[str], expected: dict[str, int]) -> None:
    assert percents(names) == expected


GOOD = _tally(Sample("build", "v1", 0.01))
BAD = _tally(Sample("build", "v1", 0.01, "/: status 502"))


@pytest.mark.parametrize(
    ("result", "faults"),
    [
        (Result("b", "", None, None, True, 1.0, GOOD), []),
        (Result("b", "", None, "build", False, 1.0, GOOD), ["(b) must go live, and was rejected by build"]),
        (Result("b", "", None, None, False, 1.0, GOOD), ["(b) is not live"]),
        (Result("c", "", "git_clean", "git_clean", False, 1.0, GOOD), []),
        (
            Result("c", "", "git_clean", None, True, 1.0, GOOD),
            ["(c) must be rejected by git_clean, and was rejected by nothing"],
        ),
        (
            Result("c", "", "git_clean", "git_clean", False, 1.0, BAD),
            ["(c) 1 requests of users failed: 1 times /: status 502 from v1"],
        ),
        (
            Result("c", "", "git_clean", "git_clean", False, 1.0, RequestStats()),
            ["(c) no request was sent, so nothing is known of its users"],
        ),
        (Result("f", "", "compare 6 s", "compare 6 s", False, 1.0, BAD, harmless=False), []),
    ],
)
def test_faults(result: Result, faults: list[str]) -> None:
    assert result.faults() == faults


def test_the_closing_table_names_release_gate_time_and_failures() -> None:
    out = io.StringIO()
    results = [
        Result("a", "the first release", None, None, True, 8.25),
        Result("c", "a forgotten module", "git_clean", "git_clean", False, 0.41, BAD),
    ]
    Console(file=out, width=120).print(tables.closing(results))
    lines = [" ".join(line.replace("│", "").replace("┃", "").split()) for line in out.getvalue().splitlines()]
    assert "release rejected by after user requests failed" in lines
    assert "(a) the first release live 8.2 s no users yet" in lines
    assert "(c) a forgotten module git_clean 0.4 s 1 1" in lines
