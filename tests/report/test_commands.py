"""The commands report and history, and what is left when a release has ended: from the state directory alone."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy_lib.cli import history, report
from deploy_lib.cli.release_store import last_live_before
from deploy_lib.cli.report_files import write_reports
from deploy_lib.journal import FILE, Journal
from deploy_lib.model.journal import Entry
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.report.formats import EXTENSIONS
from tests.report import journals
from tests.report.journals import RELEASE
from tests.report.page import page

PAGE_FORMATS = ("txt", "md", "html", "json")
OLDER = "20260301t120000-backend-1a2b3c4"


def kept(state: Path, entries: tuple[Entry, ...], project: str = "netra-staging") -> Path:
    """Writes a journal as a run does; the release's directory."""
    release = next(entry.release for entry in entries if hasattr(entry, "release"))
    file = Journal(state / "releases" / project / release.service.name / release.id)
    for entry in entries:
        file.append(entry)
    file.close()
    return file.directory


@pytest.fixture
def state(tmp_path: Path) -> Path:
    kept(tmp_path, journals.previous())
    kept(tmp_path, journals.incident())
    return tmp_path


def asked(state: Path, **more: object) -> argparse.Namespace:
    plain = {
        "project": None,
        "config": None,
        "local": False,
        "output": "text",
        "service": [],
        "all": False,
        "limit": 20,
        "stats": False,
        "weeks": None,
        "html": None,
        "id": None,
        "format": "text",
        "report_dir": None,
        "write_facts": None,
        "over_time": False,
    }
    return argparse.Namespace(**{**plain, "state": str(state), **more})


def test_the_last_release_is_reported_when_none_is_named(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(asked(state)) == 0
    told = capsys.readouterr().out
    assert RELEASE.id in told and f"release {OLDER}" in told


@pytest.mark.parametrize("wanted", [RELEASE.id, "9f8e7d6", "20260302"])
def test_a_release_is_found_by_id_beginning_or_end(
    state: Path, wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report.main(asked(state, id=wanted, format="json")) == 0
    assert json.loads(capsys.readouterr().out)["subject"]["id"] == RELEASE.id


def test_an_unknown_id_is_told_with_those_that_exist(state: Path) -> None:
    with pytest.raises(NotPossible, match="no release has the id nope") as failure:
        report.main(asked(state, id="nope"))
    assert RELEASE.id in failure.value.message and OLDER in failure.value.message
    with pytest.raises(NotPossible, match="2026 fits 2 releases"):
        report.main(asked(state, id="2026"))
    with pytest.raises(NotPossible, match="no release has the id"):
        report.main(asked(state, id="../../netra-staging/backend/" + RELEASE.id))


def test_nothing_kept_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotPossible, match="no release is kept here yet"):
        report.main(asked(tmp_path))
    assert history.main(asked(tmp_path)) == 0
    assert "no release is kept here yet" in capsys.readouterr().err


def test_every_format_goes_into_the_directory(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out" / "reports"
    assert report.main(asked(state, report_dir=str(target))) == 0
    wanted = {f"report-{RELEASE.id}.{extension}" for extension in EXTENSIONS.values()}
    assert {path.name for path in target.iterdir()} == wanted
    assert {Path(line).name for line in capsys.readouterr().out.split()} == wanted


def test_a_directory_that_cannot_be_made_is_told(state: Path) -> None:
    (state / "file").write_text("in the way")
    with pytest.raises(NotPossible, match="cannot be written"):
        report.main(asked(state, report_dir=str(state / "file" / "below")))


def test_of_two_releases_of_one_second_the_journals_say_which_came_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = kept(tmp_path, journals.previous())
    older.rename(older.with_name(f"{RELEASE.id}-z"))
    newer = kept(tmp_path, journals.incident())
    assert last_live_before(newer) == journals.previous()
    assert last_live_before(newer.with_name(f"{RELEASE.id}-z")) is None
    assert report.main(asked(tmp_path, format="json")) == 0
    assert json.loads(capsys.readouterr().out)["subject"]["id"] == RELEASE.id


def test_a_rollback_is_never_what_a_release_is_compared_with(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    service = state / "releases" / "netra-staging" / "backend"
    rollback = [
        replace(entry, at=entry.at + timedelta(hours=6), **changed)
        for entry, changed in (
            (journals.previous()[0], {"release": replace(RELEASE, id="20260301t180000-backend-1a2b3c4-rollback")}),
            (journals.previous()[-1], {}),
        )
    ]
    kept(state, tuple(rollback))
    assert last_live_before(service / RELEASE.id) == journals.previous()
    assert report.main(asked(state, id=RELEASE.id)) == 0
    assert f"release {OLDER}" in capsys.readouterr().out


def test_the_last_release_of_a_service_is_reported(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(state, journals.live(), project="netra-other")
    assert report.main(asked(state, service=["backend"], project="netra-staging", format="json")) == 0
    assert json.loads(capsys.readouterr().out)["subject"]["outcome"] == "rejected"
    with pytest.raises(NotPossible, match="no release is kept here yet"):
        report.main(asked(state, service=["auth"]))


def test_a_service_over_time_tells_of_each_release_and_leads_to_its_report(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    assert report.main(asked(state, over_time=True, report_dir=str(target))) == 0
    name = "service-netra-staging-backend"
    assert [Path(line).name for line in capsys.readouterr().out.split()] == [f"{name}.{end}" for end in PAGE_FORMATS]
    parsed = page((target / f"{name}.html").read_text())
    assert parsed.links == [f"report-{RELEASE.id}.html", f"report-{OLDER}.html"]
    assert all((target / link).is_file() for link in parsed.links)
    told = json.loads((target / f"{name}.json").read_text())
    assert [(each["outcome"], each["stopped_by"], each["cause"]) for each in told["releases"]] == [
        ("rejected", "canary", "missing_module"),
        ("live", "", None),
    ]
    text = (target / f"{name}.txt").read_text()
    assert text.startswith("RELEASES OVER TIME  backend: 2 releases, 1 of them live")
    assert "      why: canary: module netra_backend.app.schemas.llm_config_types is not in the image" in text
    assert "  missing_module      1  2026-03-02 12:00  module netra" in text


def test_only_one_service_is_printed_over_time(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(state, journals.live(), project="netra-other")
    with pytest.raises(NotPossible, match="--project netra-other --service backend\n") as failure:
        report.main(asked(state, over_time=True))
    assert "--project netra-staging --service backend" in failure.value.message
    assert report.main(asked(state, over_time=True, project="netra-other")) == 0
    assert "1 release, 1 of them live" in capsys.readouterr().out
    for wrong, told in (({"id": "2026"}, "leave out the id"), ({"format": "junit"}, "has no form junit")):
        with pytest.raises(NotPossible, match=told):
            report.main(asked(state, over_time=True, project="netra-other", **wrong))


def test_a_journal_cut_in_mid_line_is_reported_with_its_gap(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = state / "releases" / "netra-staging" / "backend" / RELEASE.id / FILE
    path.write_bytes(path.read_bytes()[:-40])
    assert report.main(asked(state)) == 0
    told = capsys.readouterr().out
    assert "of the journal is cut off" in told and "The journal ends without an ending" in told


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00garbage\n{}\n[1]\n", None])
def test_a_lost_journal_is_reported(state: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]) -> None:
    path = state / "releases" / "netra-staging" / "backend" / RELEASE.id / FILE
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert report.main(asked(state)) == 0
    assert f"nothing is known of release {RELEASE.id}" in capsys.readouterr().out


def test_history_is_newest_first_over_all_projects(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(state, journals.unfinished(), project="netra-other")
    assert history.main(asked(state)) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["when", "(UTC)", "release", "project", "service", "commit", "outcome", "took", "cause"]
    assert [row.split()[2] for row in rows] == [RELEASE.id, RELEASE.id, OLDER]
    told = "\n".join(rows)
    assert "missing_module: module netra_backend.app.schemas.llm_config_types" in told
    assert "unfinished" in told and "the journal here has no ending; status tells what became of it" in told
    assert "rejected" in told and "live" in told


def test_history_can_be_narrowed(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(state, journals.unfinished(), project="netra-other")
    for narrowed, count in (({"project": "netra-other"}, 1), ({"limit": 2}, 2), ({"service": ["backend"]}, 3)):
        assert history.main(asked(state, output="json", **narrowed)) == 0
        assert len(capsys.readouterr().out.splitlines()) == count
    with pytest.raises(NotPossible, match="--limit"):
        history.main(asked(state, limit=0))
    with pytest.raises(NotPossible, match="no release of auth is kept here"):
        history.main(asked(state, service=["backend", "auth"]))


def test_history_as_json_is_one_object_per_line(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history.main(asked(state, output="json"))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["outcome"], first["cause"], first["seconds"]) == ("rejected", "missing_module", pytest.approx(164.2))
    assert (second["outcome"], second["cause"]) == ("live", None)


def test_a_release_leaves_its_reports_and_a_summary(state: Path, tmp_path: Path) -> None:
    directory = state / "releases" / "netra-staging" / "backend" / RELEASE.id
    summary, extra = tmp_path / "summary.md", tmp_path / "extra"
    summary.write_text("from the step before\n")
    code = "import sys; from pathlib import Path; from deploy_lib.cli.report_files import write_reports\n"
    code += "print(write_reports(Path(sys.argv[1]), Path(sys.argv[2])))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(directory), str(extra)],
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(extra / f"report-{RELEASE.id}.html")
    for place in (directory, extra):
        assert len(list(place.glob("report-*"))) == len(EXTENSIONS)
    told = summary.read_text()
    assert told.startswith("from the step before\n### backend 9f8e7d6 was rejected")


@pytest.mark.parametrize("broken", ["summary", "beside", "extra"])
def test_a_place_that_cannot_be_written_costs_no_other_place(state: Path, tmp_path: Path, broken: str) -> None:
    directory = state / "releases" / "netra-staging" / "backend" / RELEASE.id
    places = {"summary": tmp_path / "summary.md", "extra": tmp_path / "extra"}
    if broken == "summary":
        places[broken].mkdir()
    elif broken == "extra":
        places[broken].touch()
    else:
        (directory / f"report-{RELEASE.id}.html").mkdir()
    with pytest.raises(NotPossible, match="cannot be written"):
        write_reports(directory, places["extra"], {"GITHUB_STEP_SUMMARY": str(places["summary"])})
    assert broken == "summary" or "was rejected" in places["summary"].read_text()
    assert broken == "extra" or len(list(places["extra"].glob("report-*"))) == len(EXTENSIONS)
    assert broken == "beside" or len(list(directory.glob("report-*"))) == len(EXTENSIONS)


def test_without_another_directory_the_report_lies_beside_the_journal(state: Path) -> None:
    directory = state / "releases" / "netra-staging" / "backend" / RELEASE.id
    assert write_reports(directory).parent == directory


@pytest.mark.parametrize(("later", "told"), [(True, True), (False, False)])
def test_a_release_that_a_rollback_of_this_machine_ended_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], later: bool, told: bool
) -> None:
    """One that was before it has nothing to do with it."""
    release = kept(tmp_path, journals.unfinished())
    undone = kept(tmp_path, journals.rolled_back(later=later))
    assert report.main(asked(tmp_path, id=release.name)) == 0
    text = capsys.readouterr().out
    assert (f"was ended by {undone.name}" in text, "has no ending in this journal" in text) == (told, not told), text
    assert (f"{undone.name} put back what served before at" in text, " resume" in text) == (told, not told), text
    assert ("not told by a journal" in text) == (not told)
