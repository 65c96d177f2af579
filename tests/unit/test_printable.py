"""What comes from outside is shown and never obeyed: by a terminal, a reader of JSON, or a CI log."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.cli.show.console import as_json
from deploy_lib.cli.show.github import annotation
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.printable import Printable, shown

RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
OBEYED = re.compile(r"##\w*\[|^\s*::|::(?:error|set-output)\b[^:\n]*::", re.MULTILINE)
EVIL = [
    ("a title \x1b]0;owned\x07 here", "a title  here"),
    ("\x1b]52;c;QUJD\x1b\\the clipboard", "the clipboard"),
    ("\x1b]8;;http://evil.example\x1b\\a link\x1b]8;;\x1b\\", "a link"),
    ("\x1b[2J\x1b[Hcleared", "cleared"),
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x9b31mC1 \x9d0;t\x9c", "C1 "),
    ("\u202egnp.exe", "\ufffdgnp.exe"),
    ("caf\udce9.py", "caf\\xe9.py"),
    ("##[error]no", "# #[error]no"),
    ("x ##vso[task.setvariable]y", "x # #vso[task.setvariable]y"),
    ("  ::error file=a::no", "  : :error file=a::no"),
    ("10:00  ::set-output name=a::b", "10:00  : :set-output name=a::b"),
]
HARMLESS = ["tests/test_x.py::TestX::test_y", "http://[::1]:8080/", "## A heading", "std::string", "näher → 日本"]


@pytest.mark.parametrize(("text", "expected"), EVIL)
def test_is_shown_and_not_obeyed(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize("text", HARMLESS)
def test_leaves_the_rest_alone(text: str) -> None:
    assert shown(text) == text


@given(st.text())
def test_nothing_raw_is_left_of_any_text(text: str) -> None:
    assert not RAW.search(shown(f"\x1b{text}\x9b"))
    assert not OBEYED.search(shown(f"##[{text}\n::{text}"))


@given(st.text(alphabet=st.characters()))
def test_json_is_ascii_and_valid_and_no_command(text: str) -> None:
    written = as_json({"text": f"##[{text}"})
    assert written.isascii() and "##" not in written
    assert json.loads(written)["text"].startswith("##[")


def test_an_annotation_is_the_only_command_in_its_line() -> None:
    finding = Finding("x", Severity.ERROR, "a\n::error::b ##[error]c \x1b]0;t\x07", file="\x1b[2J::a.py")
    written = annotation(finding)
    assert "\n" not in written and "##[" not in written and not RAW.search(written)
    assert written.count("::") == 3  # before its name, before its text, and the harmless one behind ": :error"


def test_a_colour_inside_a_secret_does_not_hide_it() -> None:
    assert "Tr0ub4dor" not in Printable(["hunter2-Tr0ub4dor"]).text("hunter2\x1b[31m-Tr0ub4dor")
