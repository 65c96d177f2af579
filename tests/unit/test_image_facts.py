"""What a release learns from the images before it, and how far back it looks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy_lib.cli import image_facts
from deploy_lib.journal import Journal
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.outcome import Outcome
from tests.unit.samples import NOON, started


def test_where_no_image_was_listed_not_every_journal_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(image_facts.LOOKED_AT + 2):
        journal = Journal(tmp_path / f"20260302t1200{number:02}-backend")
        for entry in (started(), Stopped(NOON, Outcome.LIVE, "live", "serving")):
            journal.append(entry)
        journal.close()
    read: list[Sequence[Entry]] = []
    monkeypatch.setattr(image_facts, "facts_of", read.append)
    assert image_facts.of_last_release(tmp_path) is None
    assert len(read) == image_facts.LOOKED_AT
