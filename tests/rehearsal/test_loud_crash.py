"""A candidate that floods its log before it dies."""

from __future__ import annotations

import pytest

from deploy_lib.cli.paths import release_directory
from tests.rehearsal.scripts import SHORT
from tests.rehearsal.theatre import PROJECT, Theatre

FLOOD = """
for number in range(20_000):
    print(f"{number} of many lines that say nothing")
raise ValueError("no more")
"""


@pytest.mark.slow
def test_the_journal_stays_small_and_the_cause_is_found(theatre: Theatre) -> None:
    theatre.write("app/main.py", FLOOD)
    theatre.commit("Flood the log")
    played = theatre.release(theatre.config(SHORT))
    assert (played.code, played.statuses[-1]) == (1, ("canary", "failed")), played.errors
    cause = played.of_type("diagnosed")[-1]["cause"]
    assert "ValueError" in cause["sentence"], cause
    release = played.of_type("judged")[-1]["release"]["id"]
    journal = release_directory(theatre.state, PROJECT, "backend", release) / "journal.jsonl"
    assert journal.stat().st_size < 2_000_000
