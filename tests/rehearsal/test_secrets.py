"""Secrets of twenty kinds, said by builds and applications, through every output of good and failing releases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import forked
from tests.rehearsal.cli_harness import WHOLE, CliHarness
from tests.rehearsal.planted import KNOWN, leaks, needles, said
from tests.report.channel import channel

DISPLAYS = {"plain": [], "json": ["--output", "json"], "github": []}


def tool(harness: CliHarness, *words: str, **more: str) -> tuple[int, bytes]:
    """The exit code of a command of its own, and all that it wrote."""
    environment = {**os.environ, **harness.variables, **more}
    line = [*words, "--state", str(harness.state)]
    done = forked.run(line, variables=environment, cwd=harness.root, merged=True)
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("display", DISPLAYS)
def test_no_output_of_a_release_tells_a_secret(harness: CliHarness, tmp_path: Path, display: str) -> None:
    dockerfile = (harness.repository / "Dockerfile").read_text()
    harness.write("Dockerfile", dockerfile.replace("\nCMD", "\nRUN cat app/says.txt\nCMD"))
    summary = tmp_path / "summary.md"
    with channel() as (address, told):
        harness.write("app/says.txt", "\n".join([*said(), f"the webhook is {address}"]))
        harness.commit()
        written: dict[str, str | bytes | Path] = {}
        for name, behave, code in (("good", {}, 0), ("failing", {"exit_at_start": 3}, 1)):
            entry = harness.entry(harness.service, behave)
            entry["env"] |= KNOWN
            config = harness.config(WHOLE, services={"backend": entry}, webhook_env="HOOK")
            common = ["--config", str(config), "--service", "backend"]
            of = [*common, "--repo", str(harness.repository)]
            more = {"HOOK": address, "GITHUB_STEP_SUMMARY": str(summary)}
            more["GITHUB_ACTIONS"] = "true" if display == "github" else ""
            reports = ["--report-dir", str(tmp_path / "reports")]
            ended, written[name] = tool(harness, "deploy", *of, *reports, *DISPLAYS[display], **more)
            assert ended == code, written[name]
            for command in ("status", "plan", "rollback"):
                written[f"{command}, {name}"] = tool(harness, command, *of, *DISPLAYS[display], **more)[1]
            written[f"history, {name}"] = tool(harness, "history", *DISPLAYS[display])[1]
            written[f"report, {name}"] = tool(harness, "report", "--format", "md")[1]
        places = {**written, "channel": b"\n".join(told), "summary": summary, "reports": tmp_path / "reports"}
        places |= {"state": harness.state / "releases", "summary": summary.read_bytes()}
    assert leaks(places) == []
    if display == "json":  # the one that shows what a build wrote while all goes well
        assert all(b"masked" in text for text in (written["failing"], written["good"]) if isinstance(text, bytes))
    assert b"sha256:" in written["report, good"] and harness.service.encode() in written["status, good"]  # type: ignore[operator]


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_text("\n".join(said()))
    found = {each for _, each in leaks({"somewhere": tmp_path})}
    assert needles() - found == {"pl4nted-path"}
