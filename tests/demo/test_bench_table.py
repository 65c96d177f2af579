"""The table of measurements in the README is what `dev.py bench --record` recorded last, a row for each comparison."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from rehearse.__main__ import arguments
from rehearse.bench import GROUPS
from rehearse.bench_table import PAGE, PLACE, RECORDED, ROWS, markdown

MEASURES = (Path(__file__).parents[2] / "scripts" / "rehearse").glob("bench_*.py")


def test_the_table_of_the_readme_is_the_last_recorded_one() -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert list(recorded) == list(ROWS), "dev.py bench --record measures them anew"
    assert PLACE.findall(PAGE.read_text(encoding="utf-8")) == [markdown(recorded)]


def test_each_row_is_measured_once() -> None:
    measured = [row for path in MEASURES for row in re.findall(r'compared\("([a-z-]+)"', path.read_text("utf-8"))]
    assert sorted(measured) == sorted(ROWS)


def test_a_goal_that_was_missed_says_so() -> None:
    about = {"day": "2026-01-02", "load": 0.3, "python": "3.11.7", "processors": 2}
    table = markdown({"release": about | {"ours": 3.0, "theirs": 2.0}, "help": about | {"ours": 0.1, "theirs": 0.2}})
    assert "| 3.00 | a bare script of the same API calls | 2.00 | 1.50 | 1.4, missed |" in table
    assert "| 0.50 | 1 |" in table
    assert table.endswith("\n2 processors, Python 3.11.7; 2026-01-02, with a load of 0.3 at most before a run began.\n")


def test_each_group_has_a_measure_and_a_line_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["bench", "--help"])
    told = capsys.readouterr().out
    for name, what in GROUPS.items():
        assert re.search(rf"^  {name} +{re.escape(what)}$", told, re.MULTILINE)
        assert callable(import_module(f"rehearse.bench_{name}").figures)
