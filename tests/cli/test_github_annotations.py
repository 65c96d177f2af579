"""A failed release is an annotation at the line that is to blame, where that is known."""

from __future__ import annotations

import io

from deploy_lib.cli.show.github import GitHub
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
