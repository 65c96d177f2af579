"""Each format as its readers take it: HTML without any outside reference, valid JUnit, JSON that reads back."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from deploy_lib.model import journal
from deploy_lib.model.cause import Link
from deploy_lib.model.journal import Entry
from deploy_lib.report.blocks import Bars, Chain, Column, Figure, Lines, Piece, Table, literal
from deploy_lib.report.document import BuiltSection
from deploy_lib.report.formats import render
from tests.report.journals import STORIES
from tests.report.page import page
from tests.report.test_report import made, of_story

HEADINGS = (
    "Executive summary",
    "Timeline",
    "Steps",
    "Root cause",
    "Critical findings",
    "Compared with the last successful release",
    "Impact",
    "Recommendations",
    "Evidence",
    "Status and risk",
)


@pytest.mark.parametrize("name", STORIES)
def test_html_is_whole_and_points_nowhere(name: str) -> None:
    parsed = page(render(of_story(name), "html"))
    assert parsed.faults == []
    assert parsed.open == []
    assert not {"script", "iframe", "img", "object", "embed", "base"} & set(parsed.tags)
    assert tuple(parsed.headings[1:11]) == HEADINGS


def test_html_draws_steps_traffic_and_latency() -> None:
    html = render(of_story("sick_under_traffic"), "html")
    labels = re.findall(r'<svg[^>]* aria-label="([^"]*)"', html)
    assert labels[::2] == labels[1::2], "a phone has a drawing of its own of each"
    assert labels[::2] == [
        "The steps, from the start of the release on",
        "Share of the traffic over time",
        "Latency of the stable revision and of the candidate",
    ]
    assert html.count('class="bar good"') == 2 * 7
    assert html.count('class="bar bad"') == 2 * 1
    assert "prefers-color-scheme: dark" in html and "@media print" in html and "max-width: 36rem" in html


def hostile() -> list[Entry]:
    """A journal whose every text tries to be markup."""
    evil = "</pre><script>alert(1)</script>|`**x**`]]>&\"'<img src=http://evil.example/x onerror=alert(2)>"
    return [
        replace(entry, reason=evil) if isinstance(entry, journal.Judged | journal.Stopped) else entry
        for entry in STORIES["sick_under_traffic"]()
    ]


def test_no_text_becomes_markup() -> None:
    report = made(hostile())
    parsed = page(render(report, "html"))
    assert parsed.faults == []
    assert not {"script", "img"} & set(parsed.tags)
    markdown = re.sub(r"```.*?```", "", render(report, "md"), flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<(?:script|img|/pre)", markdown)
    rows = [line for line in markdown.splitlines() if line.startswith("| compare") and "FAILED" in line]
    assert rows and all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)
    root = ET.fromstring(render(report, "junit"))
    assert root.tag == "testsuites"


@pytest.mark.parametrize("name", STORIES)
def test_markdown_has_the_sections_in_order(name: str) -> None:
    markdown = re.sub(r"^(`{3,}).*?^\1$", "", render(of_story(name), "md"), flags=re.DOTALL | re.MULTILINE)
    assert tuple(re.findall(r"^## (.*)$", markdown, re.MULTILINE))[:10] == HEADINGS


@pytest.mark.parametrize("name", STORIES)
def test_junit_counts_what_it_holds(name: str) -> None:
    report = of_story(name)
    top = ET.fromstring(render(report, "junit"))
    (suite,) = top.findall("testsuite")
    cases = suite.findall("testcase")
    for element in (top, suite):
        assert int(element.attrib["tests"]) == len(cases) == len(report.found["steps"])
        assert int(element.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(element.attrib["errors"]) == len(suite.findall("testcase/error"))
        assert int(element.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
        float(element.attrib["time"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    for case in cases:
        assert case.attrib.keys() == {"classname", "name", "time"}
        assert len(case) <= 1
    order = ["properties", *["testcase"] * len(cases), "system-out"]
    assert [child.tag for child in suite] == order


def test_junit_fails_exactly_where_the_release_did() -> None:
    suite = ET.fromstring(render(of_story("incident"), "junit"))
    failed = [case.attrib["name"] for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["canary"]
    text = suite.findtext(".//failure") or ""
    assert "llm_config_types" in text and "do: git add --force" in text


@pytest.mark.parametrize("name", STORIES)
def test_json_reads_back(name: str) -> None:
    told = json.loads(render(of_story(name), "json"))
    assert told["format"] == 1
    assert told["subject"]["id"].startswith("2026")
    assert set(told) >= {"summary", "steps", "timeline", "cause", "findings", "comparison", "impact", "recommendations",
                         "proof", "standing", "gaps"}  # fmt: skip


def test_the_brief_form_is_brief_and_names_the_cause() -> None:
    told = render(of_story("incident"), "brief")
    assert "llm_config_types" in told and "git add --force" in told and "kept 100 %" in told
    assert len(told) < 5000


STRANGE = BuiltSection(
    "strange",
    "Of tomorrow",
    {"word": "w0"},
    (
        Table((("name", "w1"),)),
        Table((("w2", Piece("w3", "bad"), literal("w4")),), (Column("One"), Column("Two"), Column("Three", "detail"))),
        Lines(("w5", ("w6", literal("w7"))), "A title"),
        Lines(((literal("w8"), "w9"),), kind="commands"),
        Lines((Piece("w10", "bad"), "w11"), kind="log"),
        Chain("w12", "w13", "certain", (Link("w14", "a.py", 1, "w15"), Link("w16", "b.py", 2))),
        Figure("A figure", Bars(()), Table((("w17", "1"),), (Column("One"), Column("Two", "number")))),
    ),
)


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_a_section_that_no_format_knows_is_shown_whole(format: str) -> None:
    report = of_story("live")
    shown = render(replace(report, sections=(*report.sections, STRANGE)), format)
    assert [word for word in (f"w{number}" for number in range(1, 18)) if not re.search(rf"\b{word}\b", shown)] == []
    assert "of tomorrow" in shown.lower()


def test_and_programs_are_told_what_it_read() -> None:
    report = of_story("live")
    whole = replace(report, sections=(*report.sections, STRANGE))
    assert json.loads(render(whole, "json"))["strange"] == {"word": "w0"}
    assert "w8   # w9" in render(replace(whole, subject=replace(report.subject, outcome=None)), "junit")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no such format: 'pdf'; one of text, md, html, json, junit, brief"):
        render(of_story("live"), "pdf")
