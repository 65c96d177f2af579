"""action.yml, its steps in order: a pull request is checked, main is deployed, and a cancelled job leaves no harm."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.cli_harness import CliHarness, Users
from tests.rehearsal.github_job import Job, python
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, SHORT, stable
from tests.waits import WITHIN

pytestmark = pytest.mark.slow
MAIN = {"ref": "refs/heads/main", "event_name": "push", "event": {"repository": {"default_branch": "main"}}}
GUARDED = ({"git_clean": {"branches": ["main"]}}, *SHORT)
BAKING = (*BUILT, {"promote": {"percent": 10, "bake": "10m"}}, {"promote": {"percent": 100}})
INSTALL = "Install, and let every gate prove itself"
UPDATE = "google.cloud.run.v2.Services/UpdateService"


def job(harness: CliHarness, name: str = "job", **github: Any) -> Job:
    """On a machine of its own, where the commit alone is checked out. Only where it has no name it installs first."""
    place = harness.root / name
    place.mkdir()
    workspace = place / "workspace"
    shutil.copytree(harness.repository, workspace)
    commit = harness.git("rev-parse", "HEAD")
    subprocess.run(["git", "checkout", "--quiet", "--detach"], cwd=workspace, check=True)
    variables = {**harness.variables, "GITHUB_ACTIONS": "true"}
    left_out = frozenset() if name == "job" else frozenset({INSTALL})
    return Job(workspace, place, {"sha": commit, **MAIN, **github}, variables, python(), left_out)


def test_a_pull_request_is_checked(harness: CliHarness) -> None:
    harness.write("app/main.py", "import app.parts.never_added\n")
    harness.commit()
    pull = job(harness, event_name="pull_request", ref="refs/pull/12/merge")
    outputs = pull.run()
    assert (outputs["command"], outputs["exit_code"]) == ("check", "")
    assert pull.codes["Check"] == 1, pull.log
    assert "every gate rejects its known-bad case" in pull.log
    assert "::error file=app/main.py,line=1,title=missing_module::" in pull.log
    assert "never_added" in pull.summary
    (uploaded,) = [given for name, given in pull.called if name == "github/codeql-action/upload-sarif"]
    (result,) = json.loads(Path(uploaded["sarif_file"]).read_text())["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "app/main.py"
    assert {"Sign in to Google Cloud", "Deploy", "Keep the reports"}.isdisjoint(pull.ran)


def test_main_is_deployed_and_what_came_of_it_is_told(harness: CliHarness) -> None:
    """Two services at once; then one of them, from another branch. The auth action leaves its file in the checkout."""
    services = {name: harness.entry(f"{harness.service}-{name}") for name in ("api", "web")}
    config = str(harness.config(GUARDED, services=services))
    first = job(harness, "first")
    (first.workspace / "gha-creds-0a1b.json").write_text('{"type": "external_account"}')
    outputs = first.run(config=config, workload_identity_provider="projects/1/x", service_account="d@p")
    assert (outputs["command"], outputs["exit_code"], outputs["outcome"]) == ("deploy", "0", "live"), first.log
    assert "on main (by GITHUB_REF)" in first.log and "gha-creds" not in first.log
    told = json.loads(outputs["services"])
    assert {name: each["serving"] for name, each in told.items()} == {
        name: f"{each['revision']} 100 %" for name, each in told.items()
    }
    assert outputs["revision"].splitlines() == [f"{name}: {each['revision']}" for name, each in told.items()]
    assert outputs["url"].count("http") == 2
    assert json.loads(Path(outputs["result"]).read_text())["services"] == told
    kept = dict(first.called)
    assert kept["google-github-actions/auth"]["workload_identity_provider"] == "projects/1/x"
    reports = Path(kept["actions/upload-artifact"]["path"])
    assert {Path(each["report"]).parent for each in told.values()} == {reports}
    assert all(Path(each["report"]).is_file() for each in told.values())
    assert first.summary.count("is live") == 2

    second = job(harness, "second", ref="refs/heads/feature")
    outputs = second.run(command="deploy", config=config, service="api")
    assert (second.codes["Deploy"], outputs["outcome"], outputs["exit_code"]) == (1, "rejected", "1"), second.log
    assert outputs["reason"].endswith("branch feature (by GITHUB_REF) may not be released here; allowed: main")
    assert outputs["serving"] == told["api"]["serving"]
    assert Path(outputs["report"]).is_file() and "Keep the reports" in second.ran
    assert "was rejected" in second.summary


def cancelled(harness: CliHarness, *, patient: bool) -> tuple[Job, dict[str, str]]:
    """The runner signals the step's shell: SIGINT, SIGTERM after 7.5 seconds, SIGKILL 2.5 seconds later.

    The times are shortened where the first signal is not enough. `patient`: it is.
    """
    config = harness.config(BAKING, {"n": 1})
    one = job(harness, "cancelled")
    before, journals = harness.now, one.temporary / "home"

    def at(true: Callable[[], bool], within: float = WITHIN) -> None:
        deadline = time.monotonic() + within
        while not true() and time.monotonic() < deadline:
            time.sleep(0.05)

    def cancel(process: subprocess.Popen[str]) -> None:
        at(lambda: harness.now != before)
        if not patient:
            harness.cloud.faults({"method": UPDATE, "delay": 30.0, "times": 0})
        process.send_signal(signal.SIGINT)
        if not patient:
            at(lambda: any('"restore_asked"' in path.read_text() for path in journals.rglob("*.jsonl")))
            process.send_signal(signal.SIGTERM)
            at(lambda: process.poll() is not None, 2.5)
            process.kill()

    def started(name: str, process: subprocess.Popen[str]) -> None:
        if name == "Deploy":
            threading.Thread(target=cancel, args=(process,), daemon=True).start()

    one.started = started
    return one, one.run(config=str(config))


def test_a_cancelled_job_puts_the_traffic_back(harness: CliHarness) -> None:
    old = stable(harness)
    with Users(f"{harness.url()}/work", rate=20.0) as users:
        one, outputs = cancelled(harness, patient=True)
    assert (one.codes["Deploy"], outputs["outcome"]) == (130, "interrupted"), one.log
    assert (outputs["serving"], harness.now) == (f"{old} 100 %", {old: 100})
    assert Path(outputs["report"]).is_file() and "Keep the reports" in one.ran
    assert OtherClient(harness).lease() is None
    assert users.answers and users.failures() == []


def test_what_a_cancelled_job_left_is_repaired_by_the_next(harness: CliHarness) -> None:
    """The restore does not end in time, and the runner kills."""
    old = stable(harness)
    one, outputs = cancelled(harness, patient=False)
    assert one.codes["Deploy"] in (130, -signal.SIGKILL), one.log
    left = harness.now
    assert left != {old: 100}
    assert json.loads(Path(outputs["result"]).read_text())["outcome"] in ("interrupted", "unfinished")
    harness.cloud.clear_faults()
    OtherClient(harness).lease_runs_out()
    following = job(harness, "following")
    outputs = following.run(config=str(harness.config(SHORT, {"n": 2})))
    assert outputs["outcome"] == "live", following.log
    maps = harness.maps()
    assert maps[maps.index(left) + 1] == {old: 100}
    assert harness.now == {outputs["revision"].removeprefix("backend: "): 100}
