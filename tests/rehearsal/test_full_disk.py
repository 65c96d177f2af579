"""The journal cannot be written any more, at any entry: the release goes back, or is over, and says so. Never half."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy_lib.journal import Journal, read
from deploy_lib.model import journal
from deploy_lib.model.journal import Entry
from tests.rehearsal.cli_harness import WHOLE, CliHarness
from tests.rehearsal.other_client import OtherClient
from tests.report.journals import NOON


@dataclass
class Disk:
    """Full from the first entry of a kind on (`asked promote`, say); `entries` that came before are kept."""

    full_at: str
    full: bool = False
    entries: list[Entry] = field(default_factory=list)

    def journal(self, directory: Path) -> Journal:
        return _Journal(directory, self)


class _Journal(Journal):
    def __init__(self, directory: Path, disk: Disk) -> None:
        super().__init__(directory)
        self._disk = disk

    def append(self, entry: Entry) -> None:
        kind = f" {entry.kind}" if isinstance(entry, journal.Asked | journal.Judged) else ""
        self._disk.full |= f"{entry.type}{kind}" == self._disk.full_at
        if self._disk.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().append(entry)


@pytest.mark.parametrize(
    ("full_at", "code"),
    [
        ("started", 4),
        ("asked build", 4),
        ("judged canary", 4),
        ("asked promote", 4),
        ("judged promote", 4),
        ("asked verify", 4),
        ("judged verify", 0),
        ("stopped", 0),
    ],
)
def test_a_full_disk_leaves_nothing_half_moved(harness: CliHarness, full_at: str, code: int) -> None:
    good = harness.release(harness.config(WHOLE, {"n": 1}))
    assert good.code == 0, good.errors
    old = harness.now
    result = harness.release(harness.config(WHOLE, {"n": 2}), open_journal=Disk(full_at).journal)
    assert result.code == code, f"{result.statuses} {result.errors}"
    assert (harness.now != old) is (code == 0)
    assert [*harness.now.values()] == [100]
    assert OtherClient(harness).lease() is None
    if code:
        assert "cannot be written: No space left on device" in result.stopped["reason"]
        assert result.stopped["outcome"] == "unknown"


def test_a_line_that_was_cut_is_closed_before_the_next(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text('{"half')
    kept = Journal(tmp_path)
    kept.append(journal.ReleaseInterrupted(NOON, "SIGINT"))
    kept.close()
    assert len(read(tmp_path).entries) == 1
