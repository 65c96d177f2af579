"""The drawings of a report: what stands at their axes."""

from __future__ import annotations

import pytest

from deploy_lib.report.formats.charts import canvas


@pytest.mark.parametrize(
    ("top", "written"),
    [
        (0.0, ["0 s"]),
        (0.9, ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s"]),
        (47.0, ["0 s", "10 s", "20 s", "30 s", "40 s"]),
        (119.0, ["0 s", "50 s", "100 s"]),
        (155.0, ["0 min", "1 min", "2 min"]),
        (280.0, ["0 min", "1 min", "2 min", "3 min", "4 min"]),
        (3900.0, ["0 min", "20 min", "40 min", "60 min"]),
        (86400.0, ["0 h", "5 h", "10 h", "15 h", "20 h"]),
        (4 * 86400.0, ["0 days", "1 day", "2 days", "3 days", "4 days"]),
    ],
)
def test_an_axis_of_times_has_one_unit(top: float, written: list[str]) -> None:
    found = canvas.times(top)
    assert [text for _, text in found] == written


def test_no_text_of_an_axis_meets_its_neighbour() -> None:
    """On the narrowest drawing, with 6.6 units for each letter of an axis."""
    for top in (0.3, 7.0, 59.0, 119.9, 121.0, 599.0, 3599.0, 10801.0):
        marks = canvas.times(top, canvas.ticks_wanted(canvas.NARROW))
        room = (canvas.NARROW - 70) * (marks[1][0] - marks[0][0]) / top
        assert max(len(text) for _, text in marks) * 6.6 < room, marks
