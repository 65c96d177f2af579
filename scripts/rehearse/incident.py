"""The outage this tool was made for, replayed: a module that one disk has and the image has not.

Every gate before the canary is off, as it was then. The container crashes at start, and the audit report says why
without a person's help.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from . import changes
from .narrator import Narrator
from .tool import Run, Unexpected
from .workshop import CHECKOUT, Workshop, opened

LEFT_OUT = ("git_clean", "image_contents", "config_contract", "import_check")
FORMATS = {"md": "report.md", "html": "report.html", "json": "report.json", "junit": "report.xml"}


def replay(console: Console, *, engine: str | None = None, report_dir: Path | None = None) -> int:
    """Releases the good commit, then the bad one, and writes the report. 0 when the report names the module."""
    begun = time.monotonic()
    with opened(console, engine, keep=False) as workshop:
        narrator = Narrator(console)
        console.print("\n[bold]the release before: good[/]")
        good = _release(workshop, narrator, ())
        if good.code:
            raise Unexpected(f"the good release ended with {good.code}: {good.errors.strip()}")
        console.print("\n[bold]the incident: gates before the canary are off[/]")
        changes.forget_a_module(workshop.repository)
        bad = _release(workshop, narrator, LEFT_OUT)
        directory = report_dir or CHECKOUT / ".deploy" / "incident"
        report = _report(workshop, str(bad.release["id"]), directory)
    console.print()
    for name, value in facts(bad, report):
        console.print(f"{name:<28} {escape(value)}", highlight=False, soft_wrap=True)
    console.print(f"{'from start to report':<28} {time.monotonic() - begun:.1f} s", highlight=False)
    console.print(f"{'report':<28} {escape(str(directory))}", highlight=False, soft_wrap=True)
    named = any("llm_config_types" in str(event["cause"]) for event in bad.of_type("diagnosed"))
    return 0 if named and bad.stopped_by == "canary" else 1


def _release(workshop: Workshop, narrator: Narrator, left_out: tuple[str, ...]) -> Run:
    run = workshop.tool.release(workshop.configuration(left_out), workshop.repository.root, narrator.tell)
    if not run.of_type("stopped"):
        raise Unexpected(f"the release ended with {run.code} and no last word: {run.errors.strip()}")
    return run


def _report(workshop: Workshop, release: str, directory: Path) -> Any:
    """Has the tool write the report in every format; the JSON one, read back."""
    directory.mkdir(parents=True, exist_ok=True)
    state = str(workshop.tool.state)
    workshop.tool.ask("report", release, "--state", state, "--report-dir", str(directory))
    written = sorted(directory.glob(f"*{release}*.json")) or sorted(directory.glob("*.json"))
    if not written:
        raise Unexpected(f"no JSON report was written to {directory}")
    return json.loads(written[-1].read_text(encoding="utf-8"))
