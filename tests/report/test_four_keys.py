"""history --stats: the four keys out of journals, and how they are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy_lib.cli.main import main
from deploy_lib.journal import Journal
from deploy_lib.model import journal
from deploy_lib.model.journal import Entry
from deploy_lib.model.outcome import Outcome
from deploy_lib.report.facts.four_keys import EndedRelease, FourKeys, ended_release, four_keys
from deploy_lib.report.formats import render
from deploy_lib.report.statistics import as_data, page_of
from tests.report import journals

MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def ended(day: int, outcome: Outcome = Outcome.LIVE, **known: Any) -> EndedRelease:
    return EndedRelease(f"r{day}", MONDAY + timedelta(days=day), outcome, **known)


REJECTED, HELD, BAD = Outcome.REJECTED, Outcome.HELD, "import_error"
FEW = (
    ended(0, lead=600.0),
    ended(1, REJECTED, cause=BAD),
    ended(2, lead=7200.0),
    ended(15, REJECTED, cause="server_errors", met=True, restored=4.0),
    ended(16, REJECTED, cause=BAD),
    ended(16, rollback=True, restored=20.0),
    ended(17, Outcome.READY),
)


def test_the_keys_of_three_weeks_with_an_empty_one() -> None:
    keys = four_keys(FEW)
    assert (keys.releases, keys.live, keys.failed, keys.met, keys.rollbacks) == (6, 2, 3, 1, 1)
    assert keys.per_week == pytest.approx(2 / 3) and keys.failed_share == 0.5
    assert keys.met_share == pytest.approx(1 / 3)
    assert keys.causes == ((BAD, 2), ("server_errors", 1))
    assert keys.lead is not None and (keys.lead.count, keys.lead.median, keys.lead.longest) == (2, 3900.0, 7200.0)
    assert keys.restored is not None and (keys.restored.median, keys.restored.longest) == (12.0, 20.0)
    assert [(f"{week.monday:%m-%d}", week.live, week.failed) for week in keys.weeks] == [
        ("03-02", 2, 1), ("03-09", 0, 0), ("03-16", 0, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "what"),
    [
        ((), (0, None, None, None)),
        ((ended(0, rollback=True, restored=3.0),), (0, 0.0, None, None)),
        ((ended(0, REJECTED, cause=BAD),), (1, 0.0, 1.0, None)),
        ((ended(0, Outcome.READY),), (1, 0.0, 0.0, None)),
        ((ended(0), ended(0)), (2, 2.0, 0.0, 0.0)),
    ],
    ids=["nothing", "a rollback", "one that failed", "one that is ready", "one week"],
)
def test_what_cannot_be_counted_is_not_known(found: Sequence[EndedRelease], what: tuple[Any, ...]) -> None:
    keys = four_keys(found)
    assert (keys.releases, keys.per_week, keys.failed_share, keys.met_share) == what


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        ((ended(0, of="a", lead=5.0), ended(0, of="a", lead=9.0)), (1, 1, 0, (), 9.0)),
        (
            (ended(0, REJECTED, of="a", cause="rejected"), ended(0, REJECTED, of="a", cause=BAD, met=True)),
            (1, 0, 1, ((BAD, 1),), None),
        ),
        ((ended(0, of="a", lead=5.0), ended(0, HELD, of="a", cause="held")), (1, 0, 1, (("held", 1),), None)),
        ((ended(0, of="a", lead=5.0), ended(1, of="b", lead=5.0), ended(1, lead=7.0)), (3, 3, 0, (), 7.0)),
    ],
    ids=["live in both", "back in both, for one", "live in one alone", "another one"],
)
def test_what_one_command_did_in_several_regions_counts_once(
    regions: Sequence[EndedRelease], expected: tuple[Any, ...]
) -> None:
    keys = four_keys(regions)
    longest = keys.lead.longest if keys.lead else None
    assert (keys.releases, keys.live, keys.failed, keys.causes, longest) == expected
    assert sum(week.live + week.failed for week in keys.weeks) == keys.live + keys.failed


def test_a_journal_tells_of_which_release_its_region_is() -> None:
    def of(region: str, id_: str, *regions: str) -> str:
        start, *rest = journals.live()
        assert isinstance(start, journal.Started)
        service = replace(start.release.service, name="web", project="p", region=region, regions=regions)
        entries = [
            replace(entry, release=replace(entry.release, service=service)) if hasattr(entry, "release") else entry
            for entry in (start, *rest)
        ]
        found = ended_release(entries, id_)
        assert found is not None
        return found.of

    both = ("us-east1", "us-west1")
    east = of("us-east1", "20260302t120000-web-us-east1-abc-9f", *both)
    assert east == of("us-west1", "20260302t120001-web-us-west1-abc-9f", *both) == "p/web-abc-9f"
    assert east != of("us-west1", "20260302t120001-web-us-west1-abc-9e", *both)
    assert of("us-east1", "20260302t120000-web-abc-9f") == ""


def committed(entries: Sequence[Entry], before: timedelta) -> tuple[Entry, ...]:
    start = entries[0]
    assert isinstance(start, journal.Started)
    return (replace(start, release=replace(start.release, committed=start.at - before)), *entries[1:])


def test_what_a_journal_tells() -> None:
    live = committed(journals.live(), timedelta(hours=3))
    took = (live[-1].at - live[0].at).total_seconds()
    told = ended_release(live, "a")
    assert (
        told is not None and told.lead == pytest.approx(3 * 3600 + took) and not told.failed and told.restored is None
    )
    sick = ended_release(journals.sick_under_traffic(), "b")
    assert sick is not None and sick.failed and sick.met and sick.cause and sick.restored is not None
    early = ended_release(journals.rejected_early(), "c")
    assert early is not None and early.failed and not early.met and early.restored is None
    back = ended_release(live, "d-rollback")
    assert back is not None and back.rollback and back.restored == pytest.approx(took) and back.lead is None


@pytest.mark.parametrize(
    ("entries", "lead"),
    [
        (journals.live(), None),  # as earlier versions left it
        (committed(journals.live(), timedelta(days=-400)), None),  # a clock that is wrong
    ],
    ids=["not written down", "in the future"],
)
def test_a_time_that_cannot_be_is_none(entries: Sequence[Entry], lead: None) -> None:
    found = ended_release(entries, "a")
    assert found is not None and found.lead is lead


def test_what_has_not_ended_and_what_was_busy_count_for_nothing() -> None:
    assert ended_release(journals.unfinished(), "a") is None
    *others, stopped = journals.rejected_early()
    assert isinstance(stopped, journal.Stopped)
    assert ended_release((*others, replace(stopped, outcome=Outcome.BUSY)), "a") is None
    assert ended_release((), "a") is None


def test_shown_as_text_data_and_a_page_with_drawings() -> None:
    page = page_of(four_keys(FEW), "<backend>", MONDAY)
    text = render(page, "text")
    assert "live releases per week: 0.7 (2 in 3 weeks)" in text and "failed releases: 50 % (3 of 6)" in text
    assert "from commit to live: 65 min in the median of 2, 2 h at most" in text
    html = render(page, "html")
    assert html.count("<svg ") == 6 and "&lt;backend&gt;" in html and "<script" not in html and "http" not in html
    assert "02 Mar: 2 live" in html
    data = json.loads(json.dumps(as_data(four_keys(FEW))))
    assert data["causes"] == {BAD: 2, "server_errors": 1} and data["weeks"][0]["monday"] == "2026-03-02"


def test_a_page_about_nothing_is_one() -> None:
    page = page_of(FourKeys(), "nothing", MONDAY)
    assert "not known" in render(page, "text") and "<svg" not in render(page, "html")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    now = datetime.now(UTC)
    for name, entries in (("a", committed(journals.live(), timedelta(hours=3))), ("b", journals.rejected_early())):
        file = Journal(tmp_path / "state" / "releases" / "netra-staging" / "backend" / name)
        late = now - entries[-1].at - timedelta(minutes=1)
        for entry in entries:
            file.append(replace(entry, at=entry.at + late))
        file.close()
    return tmp_path / "state"


def test_the_command(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "pages" / "stats.html"
    assert main(["history", "--stats", "--html", str(page), "--state", str(state)]) == 0
    said = capsys.readouterr().out
    assert "failed releases: 50 % (1 of 2)" in said and f"written: {page}" in said
    assert "<svg " in page.read_text()
    assert main(["history", "--stats", "--state", str(state), "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["failed"] == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--weeks", "3"], 2, "--weeks and --html are about --stats; give that, too"),
        (["--html", "x.html"], 2, "--weeks and --html are about --stats; give that, too"),
        (["--stats", "--weeks", "0"], 2, "--weeks 0: a number from 1 to 520"),
        (["--stats", "--html", "/dev/null/x.html"], 2, "--html /dev/null/x.html cannot be written: "),
        (["--stats", "--html", "."], 2, "--html . cannot be written: Is a directory"),
        (["--stats", "--html", "/"], 2, "--html / cannot be written: Is a directory"),
        (["--stats", "--html", "/tmp"], 2, "--html /tmp cannot be written: Is a directory"),
        (["--stats", "--limit", "2"], 2, "--limit is about the list, and --stats counts all releases of its weeks"),
        (["--stats", "--service", "nobody"], 2, "no release of nobody is kept here; "),
        (["--service", "nobody"], 2, "no release of nobody is kept here; "),
        (["--job", "nightly"], 2, "no release of nightly is kept here; "),
        (["--stats", "--html", "~nobody-here/x"], 2, "~nobody-here/x: there is no home directory of ~nobody-here; "),
    ],
)
def test_what_cannot_be_meant(
    state: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    assert main(["history", *words, "--state", str(state)]) == code
    assert told in capsys.readouterr().err
