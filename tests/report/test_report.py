"""What the report says of each story, against recorded reports; and that it is made whatever is missing.

After a wanted change, the golden files are written anew with: REPORT_GOLDEN=write python -m pytest tests/report
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from deploy_lib.diagnose.verdict import diagnose
from deploy_lib.journal import decode, encode
from deploy_lib.model import journal
from deploy_lib.model.answers import Attempt
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Evidence, LogLine, LogSource
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.image import BuiltImage, ImageFile, SourceSummary
from deploy_lib.model.journal import Entry
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Status
from deploy_lib.model.service import BuildSource, Health, Service
from deploy_lib.report.build import build
from deploy_lib.report.document import Report
from deploy_lib.report.formats import EXTENSIONS, file_name, render
from deploy_lib.steps.build import BuildDetails
from deploy_lib.steps.image_contents import ImageContentsDetails
from deploy_lib.steps.probe import ProbeDetails
from tests.report import journals
from tests.report.journals import CANDIDATE, DIGEST, NOON, NOW, RELEASE, SERVICE, STABLE, STORIES
from tests.report.page import words_of

GOLDEN = Path(__file__).resolve().parents[1] / "cases" / "report"
BERLIN = ZoneInfo("Europe/Berlin")
RECORDED = {**EXTENSIONS, "html": "words", "brief": "brief.md"}
"""How a golden file is named. Of a page its words are kept: how it looks is seen in test_browser.py."""


def made(entries: Sequence[Entry], previous: Sequence[Entry] | None = None, gaps: Sequence[str] = ()) -> Report:
    return build(entries, previous, gaps, NOW, BERLIN)


def of_story(name: str) -> Report:
    """As it is read back from a journal file, which is how every report is made."""
    entries = [decode(encode(entry)) for entry in STORIES[name]()]
    return made(entries, None if name == "first_release" else journals.previous())


def test_the_base_and_the_size_of_the_image_are_compared() -> None:
    def built(entries: tuple[Entry, ...], digest: str, size: int) -> list[Entry]:
        return [
            replace(entry, details=replace(entry.details, contents=BuiltImage(base_digest=digest, size=size)))
            if isinstance(entry, journal.Judged) and isinstance(entry.details, BuildDetails)
            else entry
            for entry in entries
        ]

    before = built(journals.previous(), "sha256:aa", 1000)
    now = built(journals.live(), "sha256:bb", 1200)
    rows = {row.what: (row.before, row.now) for row in made(now, before).found["comparison"].facts}
    assert rows["base image digest"] == ("sha256:aa", "sha256:bb")
    assert rows["image size in bytes"] == ("1000", "1200")


def test_a_base_image_that_stands_in_for_another_is_labelled() -> None:
    contents = BuiltImage("python:3.12-slim", stand_in="python:3.12-slim")
    now = [
        replace(entry, details=BuildDetails(contents=contents))
        if isinstance(entry, journal.Judged) and isinstance(entry.details, BuildDetails)
        else entry
        for entry in journals.live()
    ]
    row = next(row for row in made(now, journals.previous()).found["comparison"].facts if row.what == "base image")
    assert (row.before, row.now) == ("python:3.12-slim", "python:3.12-slim (a stand-in made on this machine)")


WHOLE = ("incident", "sick_under_traffic")
"""Stories that are recorded in every format."""


@pytest.mark.parametrize(
    ("name", "format"),
    [*((name, format) for name in STORIES for format in ("text", "md")),
     *((name, format) for name in WHOLE for format in ("html", "json", "junit", "brief"))],
)  # fmt: skip
def test_says_what_it_said_when_it_was_looked_at(name: str, format: str) -> None:
    path = GOLDEN / f"{name}.{RECORDED[format]}"
    told = render(of_story(name), format)
    if format == "html":
        told = words_of(told)
    if os.environ.get("REPORT_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


def test_the_incident_is_told_without_help() -> None:
    report = of_story("incident")
    cause = report.found["cause"]
    assert cause is not None
    assert cause.module == "netra_backend.app.schemas.llm_config_types"
    assert [f"{link.module.removeprefix('netra_backend.app.')}:{link.line}" for link in cause.chain] == [
        "main:12", "core.app_factory:18", "core.unified_error_handler:7", "schemas.core_enums:7", "schemas:21",
        "schemas.llm_config_types:21",
    ]  # fmt: skip
    assert cause.rule == ".gitignore:14"
    assert any("exists in the working copy" in clause for clause in cause.whereabouts)
    assert "it is not in the image" in cause.whereabouts
    assert cause.frequency == "10 identical failures in 108 s, every 12 s, each after 2.6 s"
    assert cause.exit_code == "1"
    assert any(
        f"{STABLE} kept 100 %" in sentence and "0 requests were lost" in sentence
        for sentence in report.found["summary"]
    )
    image = next(row for row in report.found["comparison"].facts if row.what == "image")
    assert (image.before, image.now) == (DIGEST["bad"].replace("b2", "c3"), DIGEST["bad"])
    assert report.found["recommendations"][0].command.startswith(
        "git add --force -- netra_backend/app/schemas/llm_config"
    )
    assert report.subject.seconds == pytest.approx(164.2)
    assert cause.noticed_after == pytest.approx(120.4)


def probed(*statuses: int) -> Report:
    """A candidate that answered so, one request a second, and was rejected for it."""
    diary = journals._prepared()
    diary.entries.pop()
    attempts = tuple(
        Attempt(float(n), 0.020, status, "" if status == 200 else f"status {status}")
        for n, status in enumerate(statuses)
    )
    reason = f"only 1 of {len(statuses)} probes of /health were good; last problem: status {statuses[-1]}"
    diary.judged("probe", float(len(statuses)), reason, Status.FAILED, details=ProbeDetails(attempts=attempts))
    return made(diary.stopped(Outcome.REJECTED, f"probe: {reason}", f"{STABLE} 100 %"), journals.previous())


def test_a_failed_probe_and_its_answers_are_critical_findings() -> None:
    report = probed(503, 503, 200, 500)
    (row,) = report.found["findings"]
    assert (row.severity, row.step, row.code) == ("error", "probe", "step")
    assert row.message.startswith("only 1 of 4 probes")
    told = ["status 503, after at most 20 ms (2 times)", "status 200, after 20 ms", "status 500, after 20 ms"]
    assert list(row.answers) == told
    text = render(report, "text")
    assert "No check found anything" not in text and "None was recorded" not in text
    assert f"answers: {'; '.join(told)}" in text
    assert "> 12:00:56.9 status 503, after at most 20 ms (2 times)\n" in text


def test_what_a_comparison_was_answered_is_evidence() -> None:
    found = of_story("sick_under_traffic").found
    assert [row.step for row in found["findings"]] == ["compare 1 min"]
    assert "candidate, paired requests: 21 of 38 requests failed" in found["findings"][0].answers
    assert [step for step, _ in found["proof"].answers] == ["compare 1 min"]


@pytest.mark.parametrize(("running", "why"), [(True, "is still running"), (False, "Its client may have died")])
def test_a_release_without_an_ending_has_no_cause_that_is_known(running: bool, why: str) -> None:
    report = build(STORIES["unfinished"](), None, (), NOW, BERLIN, running=running)
    text = render(report, "text")
    assert why in text and "No step failed.\n" not in text


def test_what_a_person_does_without_a_command_is_told_once() -> None:
    fix = "add requests to requirements.txt"
    finding = Finding(Code.MISSING_DEPENDENCY, Severity.ERROR, "requests is imported and not declared", fix=fix)
    diary = journals.Diary().judged("git_clean", 0.1, finding.message, Status.FAILED, (finding,))
    report = made(diary.stopped(Outcome.REJECTED, f"git_clean: {finding.message}", "unchanged"))
    told = [(each.command, each.why) for each in report.found["recommendations"]]
    assert [each for each in told if fix in "".join(each)] == [("", f"{fix} (repair what a check found)")]


def test_who_served_what_when() -> None:
    def told(name: str) -> list[tuple[dict[str, int] | None, float]]:
        periods = of_story(name).found["impact"].periods
        return [(dict(p.shares) if p.shares is not None else None, (p.end - p.start).total_seconds()) for p in periods]

    split = {STABLE: 90, CANDIDATE: 10}
    sick = told("sick_under_traffic")
    assert [shares for shares, _ in sick] == [{STABLE: 100}, split, {STABLE: 100}]
    assert told("incident") == [({STABLE: 100}, pytest.approx(164.2))]
    assert [shares for shares, _ in told("held")] == [{STABLE: 100}, split]
    assert [shares for shares, _ in told("first_release")] == [{}, {CANDIDATE: 100}]
    assert None in [shares for shares, _ in told("interrupted")]


def test_periods_leave_no_time_out() -> None:
    for name in STORIES:
        periods = of_story(name).found["impact"].periods
        assert all(one.end == two.start for one, two in pairwise(periods)), name


def test_a_release_beside_the_one_before() -> None:
    comparison = of_story("live").found["comparison"]
    assert comparison.with_release == "20260301t120000-backend-1a2b3c4"
    assert "added: pydantic 2.9.1" in comparison.packages
    assert "changed: fastapi 0.114.0 -> 0.115.0" in comparison.packages
    assert "removed: orjson" in comparison.packages
    assert "memory: 256Mi -> 512Mi" in comparison.settings
    assert "env added: ENVIRONMENT" in comparison.settings
    assert any("which files changed" in clause for clause in comparison.unknown)


def test_settings_are_compared_field_by_field() -> None:
    def of(service: Service) -> list[Entry]:
        return [journal.Started(NOON, replace(RELEASE, service=service), ("verify",))]

    before = replace(
        SERVICE, health=Health("/health"), source=BuildSource(args={"TOKEN": "a"}, include_places=("x:1",))
    )
    now = replace(SERVICE, health=Health("/up"), source=BuildSource(dockerfile="Dockerfile.api", args={"TOKEN": "b"}))
    assert made(of(now), of(before)).found["comparison"].settings == (
        "dockerfile: Dockerfile -> Dockerfile.api",
        "build argument changed: TOKEN",
        "health.path: /health -> /up",
    )


def test_files_are_compared_by_content() -> None:
    def listed(files: dict[str, str]) -> tuple[ImageFile, ...]:
        return tuple(ImageFile(path, 1, blob) for path, blob in files.items())

    def listing(entries: tuple[Entry, ...], files: dict[str, str]) -> list[Entry]:
        return [
            replace(entry, details=ImageContentsDetails(SourceSummary(manifest=listed(files))))
            if isinstance(entry, journal.Judged) and entry.kind == "image_contents"
            else entry
            for entry in entries
        ]

    before = listing(journals.previous(), {"app/a.py": "1", "app/b.py": "1", "app/c.py": "1"})
    now = listing(journals.live(), {"app/a.py": "1", "app/b.py": "2", "app/d.py": "1"})
    assert made(now, before).found["comparison"].files == ("added: app/d.py", "removed: app/c.py", "changed: app/b.py")


@pytest.mark.parametrize(
    ("name", "risk"),
    [("live", "low"), ("incident", "low"), ("sick_under_traffic", "low"), ("held", "high"), ("interrupted", "low"),
     ("first_release", "medium"), ("rejected_early", "low"), ("unfinished", "medium")],
)  # fmt: skip
def test_the_risk_follows_from_what_may_still_go_wrong(name: str, risk: str) -> None:
    assert of_story(name).found["standing"].risk == risk


def test_a_restore_that_failed_is_the_highest_risk() -> None:
    diary = journals._prepared("bad").moved(10).restored("why", whole=False)
    report = made(diary.stopped(Outcome.HELD, "restoring did not succeed", "x"))
    assert report.found["standing"].risk == "high"
    assert any("not put back: the revision of before is gone" in sentence for sentence in report.found["impact"].users)


def test_the_build_log_is_that_of_the_attempt_that_decided() -> None:
    def tried(*outcomes: tuple[Status, str]) -> tuple[str, ...]:
        diary = journals.Diary(steps=("build",)).leased()
        for status, line in outcomes:
            diary.judged("build", 9.0, "why", status, details=BuildDetails(log_tail=(line,) if line else None))
        found: tuple[str, ...] = made(tuple(diary.entries)).found["proof"].build_log
        return found

    errored, failed = (Status.ERRORED, "the pool is gone"), (Status.FAILED, "no such package")
    assert tried(errored) == ("the pool is gone",)
    assert tried(errored, failed) == ("no such package",)
    assert tried(errored, (Status.PASSED, "")) == ()


def test_a_failure_is_noticed_by_the_step_that_met_it() -> None:
    """What was skipped, or left undecided, came before the container ended."""
    diary = journals.Diary(steps=("probe", "compare 1 min", "verify")).leased()
    diary.judged("probe", 1.0, "not enough evidence", Status.INCONCLUSIVE)
    diary.judged("compare 1 min", 0.0, "there is nothing to compare with", Status.SKIPPED)
    evidence = Evidence(log=journals.crash_log(diary.at, crashes=1))
    diary.judged("verify", 10.0, "nothing answers", Status.FAILED)
    diary.entries.append(journal.Diagnosed(diary.at, diagnose(evidence, (), SERVICE), evidence))
    assert made(tuple(diary.entries)).found["cause"].noticed_after == pytest.approx(7.4)


# What is missing is said, and the report is made all the same.


@pytest.mark.parametrize("format", EXTENSIONS)
def test_without_a_journal(format: str) -> None:
    report = build((), None, ("there is no journal at x",), NOW, BERLIN, release_id="20260302t1-backend-9f8")
    assert report.found["gaps"] == ("there is no journal at x",)
    assert render(report, format)
    assert file_name(report, format) == f"report-20260302t1-backend-9f8.{EXTENSIONS[format]}"


@pytest.mark.parametrize("name", STORIES)
def test_a_journal_cut_after_any_entry(name: str) -> None:
    """Each cut in one of the formats, each format in turn."""
    entries = STORIES[name]()
    for length, format in zip(range(1, len(entries)), itertools.cycle(EXTENSIONS), strict=False):
        report = made(entries[:length])
        assert RELEASE.id in render(report, format)
        assert report.subject.outcome is None


def test_any_single_entry_missing() -> None:
    for name, make in STORIES.items():
        entries = make()
        for index in range(len(entries)):
            assert render(made([*entries[:index], *entries[index + 1 :]]), "md"), (name, index)


def test_logs_that_could_not_be_read_are_said() -> None:
    report = made(journals.incident(log=(), gaps=("Cloud Logging did not answer within 10 s",)))
    assert report.found["gaps"] == ("Cloud Logging did not answer within 10 s",)
    assert report.found["cause"] is not None and report.found["cause"].frequency is None


def test_no_figures_of_real_requests_is_said() -> None:
    assert any("is not known" in sentence for sentence in of_story("held").found["impact"].users)


def test_clocks_that_disagree_are_said() -> None:
    entries = list(journals.live())
    entries[-1] = replace(entries[-1], at=NOON - timedelta(minutes=5))
    report = made(entries)
    assert any("go backwards" in gap for gap in report.found["gaps"])
    assert all(period.end >= period.start for period in report.found["impact"].periods)
    for format in EXTENSIONS:
        assert render(report, format)


def test_a_hundred_thousand_lines_of_log_give_an_excerpt() -> None:
    noise = tuple(LogLine(NOON, f"INFO: request {number}", LogSource.STDOUT) for number in range(100_000))
    report = made(journals.incident(log=(*noise, *journals.crash_log(NOON))))
    assert report.found["proof"].log_lines == 100_160
    assert len(report.found["proof"].log) < 60
    assert any(row.telling for row in report.found["proof"].log)
    assert len(render(report, "html")) < 200_000


def test_garbage_in_the_log_stays_text() -> None:
    garbage = (LogLine(None, "\x00\x1b[2J\x9b\ud800 <b>&amp; ]]> ``` | \u202e", LogSource.STDERR),)
    report = made(journals.incident(log=(*garbage, *journals.crash_log(NOON, 1))))
    for format in EXTENSIONS:
        told = render(report, format)
        assert not any(letter in told for letter in "\x00\x1b\x9b\ud800\u202e")
        told.encode("utf-8")


def test_an_id_never_leads_out_of_a_directory() -> None:
    report = build((), None, (), NOW, BERLIN, release_id="../../etc/passwd")
    assert "/" not in file_name(report, "html") and not file_name(report, "html").startswith("report-.")
