"""A failed release is an annotation at the line that is to blame, where that is known."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from deploy_lib.cli.main import main
from deploy_lib.cli.show.github import GitHub, configuration_annotation
from deploy_lib.cli.show.printer import Printer
from tests.report.journals import STORIES


def test_the_ending_stands_at_the_line_to_blame() -> None:
    out = io.StringIO()
    display = GitHub(Printer(out), ("backend",))
    for entry in STORIES["incident"]():
        display.entry("backend", entry)
    display.close()
    (ending,) = [line for line in out.getvalue().splitlines() if line.startswith("::error") and "title=backend" in line]
    assert "file=" in ending and ",line=" in ending, ending


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        ("config/a.yaml:12:3: no", "::error file=config/a.yaml,line=12,title=configuration::no"),
        ("config/a.yaml: no: not so", "::error file=config/a.yaml,title=configuration::no: not so"),
        ("a.yaml:3:1: two\nlines, 100 %", "::error file=a.yaml,line=3,title=configuration::two%0Alines, 100 %25"),
        ("of no place", "::error title=configuration::of no place"),
    ],
)  # fmt: skip
def test_a_problem_of_a_configuration_stands_at_its_line(problem: str, wanted: str) -> None:
    assert configuration_annotation(problem) == wanted


def test_a_refused_configuration_is_annotated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("project: p1\nregoin: us-central1\n")
    for variable, wanted in (("", f"{file}:2:1: "), ("true", f"::error file={file},line=2,title=configuration::")):
        monkeypatch.setenv("GITHUB_ACTIONS", variable)
        assert main(["rollback", "--config", str(file)]) == 2
        assert wanted in capsys.readouterr().err
