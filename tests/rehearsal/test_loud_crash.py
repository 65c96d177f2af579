"""A candidate that floods its log before it dies."""

from __future__ import annotations

import pytest

from deploy_lib.cli.paths import release_directory
from tests.rehearsal.cli_harness import PROJECT, CliHarness
from tests.rehearsal.plans import SHORT

FLOOD = """
for number in range(20_000):
    print(f"{number} of many lines that say nothing")
raise ValueError("no more")
"""


@pytest.mark.slow
def test_the_journal_stays_small_and_the_cause_is_found(harness: CliHarness) -> None:
    harness.write("app/main.py", FLOOD)
    harness.commit("Flood the log")
    result = harness.release(harness.config(SHORT))
    assert (result.code, result.statuses[-1]) == (1, ("canary", "failed")), result.errors
    cause = result.of_type("diagnosed")[-1]["cause"]
    assert "ValueError" in cause["sentence"], cause
    release = result.of_type("judged")[-1]["release"]["id"]
    journal = release_directory(harness.state, PROJECT, "backend", release) / "journal.jsonl"
    assert journal.stat().st_size < 2_000_000
