"""The outage this tool was made for, replayed: a module that one disk has and the image has not.

Every gate before the canary is off, as it was then. The container crashes at start, and the audit report says why
without a person's help. Beside it stands when Cloud Run itself says that the start failed: at its first exit, and not
why.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from . import changes, incident_facts
from .cloud_run_wait import failed_at
from .command import Run, Unexpected
from .progress import Progress
from .workspace import CHECKOUT, Workspace, opened

LEFT_OUT = ("git_clean", "image_contents", "config_contract", "import_check")


def replay(console: Console, *, engine: str | None = None, report_dir: Path | None = None, wait: bool = True) -> int:
    """Releases the good commit, then the bad one, and writes the report. 0 when the report states all it must."""
    begun = time.monotonic()
    directory = report_dir or CHECKOUT / ".deploy" / "incident"
    with opened(console, engine, keep=False) as workspace:
        progress = Progress(console)
        console.print("\n[bold]the release before: good[/]")
        good = _release(workspace, progress, ())
        if good.code:
            raise Unexpected(f"the good release ended with {good.code}: {good.errors.strip()}")
        console.print("\n[bold]the incident: gates before the canary are off[/]")
        changes.forget_a_module(workspace.repository)
        bad = _release(workspace, progress, LEFT_OUT)
        report = _report(workspace, str(bad.release["id"]), directory)
        console.print()
        for name, value in incident_facts.facts(report):
            _say(console, name, value)
        _say(console, "from start to report files", f"{time.monotonic() - begun:.1f} s")
        _say(console, "report files", str(directory))
        faults = incident_facts.faults(report)
        if wait and not faults:
            _beside_cloud_run(console, workspace, bad, report)
    for fault in faults:
        console.print(f"[bold red]missing from the report:[/] {escape(fault)}", highlight=False)
    return 1 if faults else 0


def _say(console: Console, name: str, value: str) -> None:
    console.print(f"{name:<30} {escape(value)}", highlight=False, soft_wrap=True)


def _release(workspace: Workspace, progress: Progress, left_out: tuple[str, ...]) -> Run:
    run = workspace.command.release(workspace.configuration(left_out), workspace.repository.root, progress.tell)
    if not run.of_type("stopped"):
        raise Unexpected(f"the release ended with {run.code} and no last word: {run.errors.strip()}")
    return run


def _report(workspace: Workspace, release: str, directory: Path) -> Any:
    """Has the tool write the report in every format; the JSON one, read back."""
    state = str(workspace.command.state)
    workspace.command.ask("report", release, "--state", state, "--report-dir", str(directory))
    written = directory / f"report-{release}.json"
    if not written.is_file():
        raise Unexpected(f"no JSON report was written to {directory}")
    return json.loads(written.read_text(encoding="utf-8"))


def _beside_cloud_run(console: Console, workspace: Workspace, bad: Run, report: Any) -> None:
    """From the first crash to the verdict with its cause, beside the time until Cloud Run said that it failed."""
    service = bad.release["service"]
    path = f"projects/{service['project']}/locations/{service['region']}/services/{service['cloud_run']}"
    environment = workspace.command.ask("local", "env", "--state", str(workspace.command.state))
    failed = failed_at(environment, f"{path}/revisions/{bad.release['candidate']}")
    first = datetime.fromisoformat(report["cause"]["first_seen"])
    _say(console, "first crash to verdict", incident_facts.noticed(report))
    alone = f"{max((failed - first).total_seconds(), 0.0):.1f} s, in the local cloud: that it failed, not why"
    _say(console, "Cloud Run alone says after", alone)
