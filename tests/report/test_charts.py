"""The drawings of a report: what stands at their axes, and whether their colours and the words can be told."""

from __future__ import annotations

import re

import pytest

from deploy_lib.report.formats.charts import canvas
from deploy_lib.report.formats.html import TEMPLATES


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


COLOUR = re.compile(r"--(\w+): (#\w+)")
STYLE = (TEMPLATES / "report.css").read_text(encoding="utf-8")
SCHEMES = dict(zip(("light", "dark", "print"), re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL), strict=True))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colours_are_told_from_what_is_behind_them(scheme: str) -> None:
    """4.5 for words, 3 for what is drawn: https://www.w3.org/TR/WCAG22/#contrast-minimum, #non-text-contrast"""
    colours = {name: colour for each in ("light", scheme) for name, colour in COLOUR.findall(SCHEMES[each])}
    words = {(name, behind) for name in ("ink", "soft", "good", "bad", "unsure") for behind in ("card", "page", "well")}
    drawn = {(name, "card") for name in ("stable", "candidate", "other0", "other1", "other2", "other3")}
    weak = {pair: contrast(*(colours[name] for name in pair)) for pair in words | drawn}
    assert {pair: seen for pair, seen in weak.items() if seen < (4.5 if pair in words else 3)} == {}


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    darker, lighter = sorted(luminance(colour) for colour in (one, other))
    return round((lighter + 0.05) / (darker + 0.05), 2)


def luminance(colour: str) -> float:
    parts = [int((colour[1] * 6 if len(colour) == 4 else colour[1:])[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
