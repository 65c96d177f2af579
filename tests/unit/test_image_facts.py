"""What a release learns from the images before it, and how far back it looks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy_lib.cli.image_facts import LOOKED_AT, of_last_release
from deploy_lib.journal import Journal
from deploy_lib.model.image import InsideImage
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.steps.import_check import ImportCheckDetails
from tests.unit.samples import NOON, judged, started

LISTED = InsideImage("3.12.4", {}, {}, path=("/app",), modules={})


def live(directory: Path, number: int, *seen: Entry) -> None:
    journal = Journal(directory / f"20260302t1200{number:02}-backend")
    for entry in (started(), *seen, Stopped(NOON, Outcome.LIVE, "live", "serving")):
        journal.append(entry)
    journal.close()


def test_where_no_image_was_listed_not_every_journal_is_read(tmp_path: Path) -> None:
    checked = replace(judged(0), kind="import_check", details=ImportCheckDetails(1, inside=LISTED))
    live(tmp_path, 0, checked)
    for number in range(1, LOOKED_AT):
        live(tmp_path, number)
    found = of_last_release(tmp_path)
    assert found is not None and found.path == LISTED.path, "the last that is looked at"
    live(tmp_path, LOOKED_AT)
    assert of_last_release(tmp_path) is None, "one more went live since"
