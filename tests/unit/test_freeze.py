"""When nothing is released: whether a moment is in a freeze, until when, and what is wrong with one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy_lib.cli.options import emergency_of
from deploy_lib.config import ConfigError, load, plan_for
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.service_annotations import history_of, record_of, with_past, with_record
from deploy_lib.journal import decode, encode
from deploy_lib.model import answers
from deploy_lib.model.entry_words import about_freeze
from deploy_lib.model.freeze import FreezeWindow, frozen_at
from deploy_lib.model.journal import Entry, LeaseRefused, Started, Stopped
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.plan import Plan
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.executor import execute
from deploy_lib.release.real import RealRelease
from deploy_lib.report.facts import subject
from tests.unit.fake_cloud import FakeCloud
from tests.unit.samples import NOON, RELEASE
from tests.unit.test_config import HEAD, STEPS
from tests.unit.test_run import WHOLE, no_cause

WEEKEND = "{from: fri 16:00, until: mon 08:00, zone: Europe/Berlin, reason: nobody is in}"
FAIR = "{from: 2026-12-23 18:00, until: 2027-01-02, zone: America/New_York, reason: the fair is on}"
NIGHT = "{from: sun 02:30, until: sun 02:45, zone: Europe/Berlin, reason: backups}"
DAY = "{from: sat, until: saturday, zone: UTC, reason: closed}"
MORNING = "{from: 2026-12-23 09:00, until: 2026-12-23 18:00, zone: America/New_York, reason: before it}"


def file(directory: Path, *windows: str) -> Path:
    path = directory / "c.yaml"
    path.write_text(f"{HEAD}freeze:\n{''.join(f'  - {each}{chr(10)}' for each in windows)}{STEPS}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("windows", "now", "until"),
    [
        ([WEEKEND], "2026-11-27T14:59", None),  # a Friday; 16:00 in Berlin is 15:00
        ([WEEKEND], "2026-11-27T15:00", "2026-11-30T07:00"),
        ([WEEKEND], "2026-11-30T06:59", "2026-11-30T07:00"),
        ([WEEKEND], "2026-11-30T07:00", None),
        ([WEEKEND], "2026-07-03T13:59", None),  # in summer an hour earlier
        ([WEEKEND], "2026-07-03T14:00", "2026-07-06T06:00"),
        ([WEEKEND], "2026-03-28T12:00", "2026-03-30T06:00"),  # the clock goes forward in it
        ([WEEKEND], "2026-10-24T12:00", "2026-10-26T07:00"),  # and back
        ([FAIR], "2026-12-23T22:59", None),
        ([FAIR], "2026-12-23T23:00", "2027-01-03T05:00"),  # a day alone is all of it
        ([FAIR], "2027-01-03T05:00", None),
        ([NIGHT], "2026-10-25T00:29", None),  # 02:30 comes twice: at 00:30 and at 01:30
        ([NIGHT], "2026-10-25T00:30", "2026-10-25T01:45"),
        ([NIGHT], "2026-10-25T01:44", "2026-10-25T01:45"),
        ([NIGHT], "2026-03-29T00:29", None),  # 02:30 does not come at all
        ([NIGHT], "2026-03-29T00:31", "2026-03-29T01:45"),
        ([DAY], "2026-11-28T00:00", "2026-11-29T00:00"),
        ([DAY], "2026-11-29T00:00", None),
        ([FAIR, MORNING], "2026-12-23T15:00", "2027-01-03T05:00"),  # one begins when the other ends
        ([WEEKEND, FAIR], "2027-01-01T12:00", "2027-01-04T07:00"),
        ([], "2026-11-27T15:00", None),
    ],
)
def test_a_moment_is_frozen_until_no_window_holds_it(
    tmp_path: Path, windows: list[str], now: str, until: str | None
) -> None:
    path = file(tmp_path, *windows) if windows else tmp_path / "c.yaml"
    path.write_text(path.read_text() if windows else HEAD + STEPS)
    plan = plan_for(load(path), "backend")
    found = frozen_at(plan.freeze, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (found and found.until and f"{found.until.astimezone(UTC):%Y-%m-%dT%H:%M}") == until


def test_a_freeze_says_until_when_and_why(tmp_path: Path) -> None:
    plan = plan_for(load(file(tmp_path, WEEKEND)), "backend")
    found = frozen_at(plan.freeze, datetime(2026, 11, 28, tzinfo=UTC))
    assert str(found) == "frozen until Mon 2026-11-30 08:00 (Europe/Berlin, 07:00 UTC): nobody is in"


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        (["{from: fri 16:00, zone: UTC, reason: r}"], "c.yaml:7:5: until is missing: a freeze must end"),
        (
            ["{from: fri 16:00, until: fri 16:00, zone: UTC, reason: r}"],
            "c.yaml:7:5: the freeze never ends: the windows of every week leave no time between them",
        ),
        (
            [WEEKEND, "{from: mon, until: fri, zone: Europe/Berlin, reason: r}"],
            "c.yaml:8:5: the freeze never ends: the windows of every week leave no time between them",
        ),
        (
            ["{from: 2026-12-01, until: 2036-12-01, zone: UTC, reason: r}"],
            "c.yaml:7:24: the freeze never ends: from 2026-12-01 until 2036-12-01 is more than a year",
        ),
        (
            ["{from: 2026-12-01, until: 9999-12-31, zone: UTC, reason: r}"],
            "c.yaml:7:24: until: '9999-12-31' is not a moment; ",
        ),
        (
            ["{from: 0001-01-01, until: 2026-01-02, zone: Asia/Tokyo, reason: r}"],
            "c.yaml:7:6: from: '0001-01-01' is not a moment; ",
        ),
        (
            ["{from: 2026-12-24 18:00, until: 2026-12-24 17:00, zone: UTC, reason: r}"],
            "c.yaml:7:30: the freeze ends at 2026-12-24 17:00, before it begins at 2026-12-24 18:00",
        ),
        (
            ["{from: fri 16:00, until: 2026-12-24, zone: UTC, reason: r}"],
            "c.yaml:7:23: fri 16:00 and 2026-12-24 do not go together; write both as days of the week, or both as",
        ),
        (
            ["{from: fri, until: mon, zone: Europe/Berln, reason: r}"],
            "c.yaml:7:29: 'Europe/Berln' is not a known time zone; did you mean Europe/Berlin?",
        ),
        (
            ["{from: fri, until: mon, zone: ../UTC, reason: r}"],
            "c.yaml:7:29: '../UTC' is not a known time zone; ",
        ),
        (["{from: fri 25:00, until: mon, zone: UTC, reason: r}"], "c.yaml:7:6: from: 'fri 25:00' is not a moment; "),
        (["{from: 18:00, until: mon, zone: UTC, reason: r}"], "c.yaml:7:6: from: 1080 is not a moment; write a day"),
        (
            ["{from: 2026-12-24T18:00:00Z, until: mon, zone: UTC, reason: r}"],
            "c.yaml:7:6: from: the time has a zone of its own; write it without one, and name the zone under zone:",
        ),
        (["{from: fri, until: mon, zone: UTC}"], "c.yaml:7:5: reason is missing"),
        (["{from: fri, until: mon, reason: r}"], "c.yaml:7:5: zone is missing"),
    ],
)
def test_a_freeze_that_is_not_one_is_one_clear_message(tmp_path: Path, windows: list[str], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file(tmp_path, *windows), shown="c.yaml")
    found = [str(problem) for problem in caught.value.problems]
    assert [problem.startswith(expected) for problem in found] == [True], found


def test_all_that_is_wrong_with_windows_is_told_at_once(tmp_path: Path) -> None:
    windows = (
        "{from: fri, until: mon, zone: Europe/Berln, reason: r}",
        "{from: fri 25:00, until: mon, zone: UTC, reason: r}",
        "{from: 2026-12-24 18:00, until: 2026-12-24 17:00, zone: Nowhere, reason: r}",
        "{from: fri, zone: UTC, reason: r}",
        "{from: 2026-13-01, zone: UTC}",
        "{from: fri 16:00, until: 2026-02-30 18:00:00, zone: UTC, reason: r}",
    )
    with pytest.raises(ConfigError) as caught:
        load(file(tmp_path, *windows))
    said = [str(problem).partition("c.yaml:")[2] for problem in caught.value.problems]
    starts = [
        "7:29: 'Europe/Berln' is not a known time zone",
        "8:6: from: 'fri 25:00' is not a moment",
        "9:30: the freeze ends at 2026-12-24 17:00, before it begins at 2026-12-24 18:00",
        "9:55: 'Nowhere' is not a known time zone",
        "10:5: until is missing: a freeze must end",
        "11:5: reason is missing",
        "11:5: until is missing: a freeze must end",
        "11:6: from: '2026-13-01' is not a moment",
        "12:23: until: '2026-02-30 18:00:00' is not a moment",
    ]
    assert [each[: len(start)] for each, start in zip(said, starts, strict=True)] == starts


def at_noon() -> Plan:
    """NOON of the samples stands in it; it ends in ten minutes."""
    until = NOON.replace(tzinfo=None) + timedelta(minutes=10)
    window = FreezeWindow(until - timedelta(hours=1), until, "UTC", "the fair is on")
    return replace(WHOLE, freeze=(window,))


def carried_out(
    cloud: FakeCloud, emergency: str = "", earlier: Sequence[Entry] = (), wait: float = 0.0
) -> tuple[Stopped, list[Entry]]:
    written: list[Entry] = []

    def note(entry: Entry) -> None:
        written.append(decode(encode(entry)))

    context = ReleaseContext(at_noon(), cloud.drivers(), note, lambda text: None, no_cause, "one", wait=wait)
    release = replace(RELEASE, options=replace(RELEASE.options, emergency=emergency))
    return execute(RealRelease(context, release, earlier)), written


def test_no_release_begins_in_a_freeze_and_nothing_is_done_for_it() -> None:
    cloud = FakeCloud()
    ended, written = carried_out(cloud)
    assert (ended.outcome, cloud.asked, cloud.maps) == (Outcome.BUSY, ["read_serving"], [])
    assert ended.reason.startswith("frozen until ") and ended.reason.endswith(": the fair is on")
    assert [entry.frozen for entry in written if isinstance(entry, LeaseRefused)] == [True]
    assert "--emergency --why" in "".join(ended.next_commands) and "hold" not in "".join(ended.next_commands)


def test_who_waits_for_longer_than_the_freeze_lasts_is_released_after_it() -> None:
    cloud = FakeCloud()
    assert carried_out(cloud, wait=601)[0].outcome is Outcome.LIVE
    assert carried_out(FakeCloud(), wait=300)[0].outcome is Outcome.BUSY


def test_an_emergency_overrides_a_freeze_and_is_recorded_with_it() -> None:
    ended, written = carried_out(FakeCloud(), emergency="payments are down")
    assert ended.outcome is Outcome.LIVE
    started = next(entry for entry in written if isinstance(entry, Started))
    assert started.release.options.emergency == "payments are down"
    assert about_freeze(started).startswith("an emergency (payments are down): frozen until ")
    facts = subject.read(written)
    assert facts.emergency.startswith("payments are down; frozen until ")
    record = ReleaseRecord.begun(started.release, TrafficMap(), candidate="c")
    kept = record_of(with_record({}, record))
    assert kept is not None and kept.unfinished().emergency == "payments are down"
    [past] = history_of(with_past({}, kept.past(Outcome.LIVE, NOON, TrafficMap())))
    assert past.emergency == "payments are down"


def test_a_freeze_does_not_stop_a_release_that_is_under_way() -> None:
    """It is gone on with, and the journal says that a freeze is in force."""
    begun = [Started(NOON - timedelta(hours=2), RELEASE, ())]
    ended, written = carried_out(FakeCloud(), earlier=begun)
    assert ended.outcome is Outcome.LIVE
    again = next(entry for entry in written if isinstance(entry, Started) and entry.resumed)
    assert about_freeze(again).endswith("that does not stop a release that is under way")


def test_an_emergency_passes_over_a_hold_and_not_over_a_release() -> None:
    held = answers.LeaseTaken(False, holder="ben", on_hold=True)
    for emergency, answer, outcome in (
        ("pager", held, Outcome.LIVE),
        ("pager", replace(held, on_hold=False), Outcome.BUSY),
    ):
        ended, _ = carried_out(FakeCloud(fails={"who_deploys": lambda answer=answer: answer}), emergency)
        assert ended.outcome is outcome


@pytest.mark.parametrize(
    ("emergency", "why", "expected"),
    [(True, "the  pager\n rang", "the pager rang"), (False, None, ""), (True, " ", None), (False, "x", None)],
)
def test_an_emergency_has_a_reason(emergency: bool, why: str | None, expected: str | None) -> None:
    args = Namespace(emergency=emergency, why=why)
    if expected is None:
        with pytest.raises(NotPossible, match="--why"):
            emergency_of(args)
    else:
        assert emergency_of(args) == expected
