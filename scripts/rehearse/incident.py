"""The outage this tool was made for, replayed: a module that one disk has and the image has not.

Every gate before the canary is off, as it was then. The container crashes at start, and the audit report says why
without a person's help. Then Cloud Run itself is watched until it notices, which takes about two minutes.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from . import changes, told
from .narrator import Narrator
from .patience import given_up_at
from .tool import Run, Unexpected
from .workshop import CHECKOUT, Workshop, opened

LEFT_OUT = ("git_clean", "image_contents", "config_contract", "import_check")


def replay(console: Console, *, engine: str | None = None, report_dir: Path | None = None, wait: bool = True) -> int:
    """Releases the good commit, then the bad one, and writes the report. 0 when the report states all it must."""
    begun = time.monotonic()
    directory = report_dir or CHECKOUT / ".deploy" / "incident"
    with opened(console, engine, keep=False) as workshop:
        narrator = Narrator(console)
        console.print("\n[bold]the release before: good[/]")
        good = _release(workshop, narrator, ())
        if good.code:
            raise Unexpected(f"the good release ended with {good.code}: {good.errors.strip()}")
        console.print("\n[bold]the incident: gates before the canary are off[/]")
        changes.forget_a_module(workshop.repository)
        bad = _release(workshop, narrator, LEFT_OUT)
        report = _report(workshop, str(bad.release["id"]), directory)
        console.print()
        for name, value in told.facts(report):
            _say(console, name, value)
        _say(console, "from start to report files", f"{time.monotonic() - begun:.1f} s")
        _say(console, "report files", str(directory))
        faults = told.faults(report)
        if wait and not faults:
            _beside_cloud_run(console, workshop, bad, report)
    for fault in faults:
        console.print(f"[bold red]missing from the report:[/] {escape(fault)}", highlight=False)
    return 1 if faults else 0


def _say(console: Console, name: str, value: str) -> None:
    console.print(f"{name:<30} {escape(value)}", highlight=False, soft_wrap=True)


def _release(workshop: Workshop, narrator: Narrator, left_out: tuple[str, ...]) -> Run:
    run = workshop.tool.release(workshop.configuration(left_out), workshop.repository.root, narrator.tell)
    if not run.of_type("stopped"):
        raise Unexpected(f"the release ended with {run.code} and no last word: {run.errors.strip()}")
    return run


def _report(workshop: Workshop, release: str, directory: Path) -> Any:
    """Has the tool write the report in every format; the JSON one, read back."""
    state = str(workshop.tool.state)
    workshop.tool.ask("report", release, "--state", state, "--report-dir", str(directory))
    written = directory / f"report-{release}.json"
    if not written.is_file():
        raise Unexpected(f"no JSON report was written to {directory}")
    return json.loads(written.read_text(encoding="utf-8"))


def _beside_cloud_run(console: Console, workshop: Workshop, bad: Run, report: Any) -> None:
    """The time from the first crash to the verdict, beside the time until Cloud Run itself would have told."""
    console.print("\nwaiting to see when Cloud Run itself gives the revision up (about two minutes) ...")
    service = bad.release["service"]
    path = f"projects/{service['project']}/locations/{service['region']}/services/{service['cloud_run']}"
    environment = workshop.tool.ask("local", "env", "--state", str(workshop.tool.state))
    gave_up = given_up_at(environment, f"{path}/revisions/{bad.release['candidate']}")
    first = datetime.fromisoformat(report["cause"]["first_seen"])
    _say(console, "first crash to verdict", told.noticed(report))
    _say(console, "Cloud Run alone would take", f"{(gave_up - first).total_seconds():.1f} s, in the local cloud")
