"""How a command ended, for what runs it: --result's file, and the outputs and the summary of a GitHub Actions step."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy_lib.cli.main import main
from deploy_lib.cli.result import CommandResult
from deploy_lib.model.journal import Stopped
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from tests.unit.samples import CANDIDATE, NOON, judged, started

EVIL = "first line\noutcome=live\n::error::x\noutcome<<end\nlive\nend"


def outputs(path: Path) -> dict[str, str]:
    """As GitHub's runner reads the file: name=value, or name<<END up to a line that is END."""
    found: dict[str, str] = {}
    lines = iter(path.read_text().splitlines())
    for line in lines:
        name, multi, end = line.partition("<<")
        if multi and "=" not in name:
            value: list[str] = []
            for each in lines:
                if each == end:
                    break
                value.append(each)
            found[name] = "\n".join(value)
        elif line:
            name, _, found[name] = line.partition("=")
    return found


def ended(outcome: Outcome, reason: str = "why", serving: str = "cand-2 100 %") -> Stopped:
    return Stopped(NOON, outcome, reason, serving, ("deploy_to_gcp.py status",))


class Job:
    """A step of a job, with the files that its runner reads."""

    def __init__(self, place: Path) -> None:
        self.file, self.output, self.summary = place / "result.json", place / "output", place / "summary"
        self.environment = {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.summary)}
        self.result = CommandResult("deploy", self.file, self.environment)

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.file.read_text()))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_one_service(job: Job, tmp_path: Path) -> None:
    job.result.begin(["backend"])
    assert (job.told["finished"], job.told["outcome"], job.told["exit_code"]) == (False, "unfinished", None)
    for entry in (started(), judged(0), ended(Outcome.LIVE)):
        job.result.entry("backend", entry)
    assert job.told["finished"] is False
    job.result.report("backend", tmp_path / "report.html")
    job.result.end(0)
    told = job.told
    wanted = {
        "outcome": "live",
        "reason": "why",
        "release": CANDIDATE.id,
        "commit": CANDIDATE.commit,
        "image": "name@sha256:1",
        "revision": "cand-2",
        "url": "http://main",
        "candidate_url": "http://canary",
        "serving": "cand-2 100 %",
        "report": str(tmp_path / "report.html"),
    }
    assert (told["finished"], told["exit_code"]) == (True, 0)
    assert {name: told[name] for name in wanted} == wanted
    assert told["services"]["backend"] == {**wanted, "exit_code": 0, "next": ["deploy_to_gcp.py status"]}
    read = outputs(job.output)
    assert {name: read[name] for name in wanted} == wanted
    assert (read["exit_code"], json.loads(read["services"])) == ("0", told["services"])
    assert not job.summary.exists()  # the report's own short form stands there


@pytest.mark.parametrize(
    ("outcomes", "code", "told"),
    [
        ((Outcome.LIVE, Outcome.LIVE), 0, "live"),
        ((Outcome.LIVE, Outcome.READY), 0, "ready"),
        ((Outcome.REJECTED, Outcome.INTERRUPTED), 1, "rejected"),
        ((Outcome.REJECTED, Outcome.HELD), 3, "held"),
        ((), 0, "done"),
        ((), 1, "rejected"),
        ((), 2, "usage"),
        ((), 3, "held"),
        ((), 4, "unknown"),
        ((), 5, "busy"),
        ((), 130, "interrupted"),
    ],
    ids=str,
)
def test_the_outcome_of_all(job: Job, outcomes: tuple[Outcome, ...], code: int, told: str) -> None:
    for index, outcome in enumerate(outcomes):
        job.result.entry(f"service-{index}", ended(outcome))
    job.result.end(code)
    assert (job.told["outcome"], outputs(job.output)["outcome"]) == (told, told)


def test_several_services_are_a_line_each(job: Job) -> None:
    job.result.begin(["api", "backend"])
    for name in ("api", "backend"):
        job.result.entry(name, judged(0, release=replace(CANDIDATE, candidate=f"{name}-2")))
        job.result.entry(name, ended(Outcome.LIVE, serving=f"{name}-2 100 %"))
    job.result.end(0)
    assert job.told["revision"] == "api: api-2\nbackend: backend-2"
    assert outputs(job.output)["serving"] == "api: api-2 100 %\nbackend: backend-2 100 %"
    assert {name: each["revision"] for name, each in job.told["services"].items()} == {
        "api": "api-2",
        "backend": "backend-2",
    }


def test_no_text_becomes_another_output(job: Job) -> None:
    job.result.entry("backend", ended(Outcome.REJECTED, EVIL, EVIL))
    job.result.end(1, EVIL)
    read = outputs(job.output)
    assert (read["outcome"], read["reason"], read["serving"], read["error"]) == ("rejected", EVIL, EVIL, EVIL)
    assert sorted(read) == sorted({*job.told} - {"finished"})
    assert "\n::error" not in job.summary.read_text()


def test_what_is_killed_is_left_as_unfinished(job: Job) -> None:
    job.file.write_text(json.dumps({"outcome": "live", "finished": True}))
    job.result.begin(["backend"])
    job.result.entry("backend", judged(0))
    assert (job.told["outcome"], job.told["services"]["backend"]["outcome"]) == ("unfinished", "unfinished")
    assert job.told["revision"] == "cand-2"
    job.result.cut_short()
    job.result.end(0)
    assert (job.told["outcome"], job.told["exit_code"]) == ("interrupted", 130)
    assert "interrupted (exit code 130)" in job.summary.read_text()
    assert "stopped at once" in outputs(job.output)["error"]


def test_a_command_that_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its values, and by a command line that cannot be read."""
    for words in (["deploy", "--wait", "soon"], ["--service", "x", "--nonsense"], ["rollback", "--nonsense"]):
        job = Job(tmp_path)
        for name, value in job.environment.items():
            monkeypatch.setenv(name, value)
        try:
            code: object = main([*words, "--result", str(job.file)])
        except SystemExit as left:
            code = left.code
        assert code == 2
        assert (job.told["finished"], job.told["outcome"], job.told["exit_code"]) == (True, "usage", 2)
        assert words[-1] in job.told["error"]
        assert (outputs(job.output)["exit_code"], words[-1] in job.summary.read_text()) == ("2", True)
        for path in (job.file, job.output, job.summary):
            path.unlink()


def test_what_releases_nothing_has_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    with pytest.raises(SystemExit):
        main(["status", "--nonsense"])
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("place", [".", "nowhere/result.json"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_done(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotPossible, match="--result"):
        CommandResult("deploy", tmp_path / place).begin()
    assert main(["deploy", "--wait", "1m", "--result", str(tmp_path / place)]) == 2
    assert "--result" in capsys.readouterr().err


def test_outputs_that_cannot_be_written_cost_nothing_else(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.output.mkdir()
    job.result.entry("backend", ended(Outcome.LIVE))
    job.result.end(0)
    assert (job.told["outcome"], "the result was not written" in capsys.readouterr().err) == ("live", True)
