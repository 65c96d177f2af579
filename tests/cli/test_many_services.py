"""What many services in one run cost: for each as much as for any, and what they share once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from deploy_lib.cli.side_by_side import AT_ONCE
from tests.cloud import LocalCloud
from tests.rehearsal.cli_harness import WHOLE, CliHarness

STEPS = ({"git_clean": None}, {"image_contents": None}, {"config_contract": None}, *WHOLE)


def test_no_service_of_a_plan_costs_more_as_they_are_more(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(count: int) -> tuple[Counter[str], Counter[str]]:
        """How often git was started and which of the cloud's methods were called."""
        root = tmp_path / f"of-{count}"
        root.mkdir()
        harness = CliHarness(cloud, root, cloud.name("many"))
        services = {f"s{number}": harness.entry(f"{harness.service}-{number}") for number in range(count)}
        trace, last = tmp_path / f"trace-{count}", cloud.last_call()
        with monkeypatch.context() as changed:
            changed.setenv("GIT_TRACE", str(trace))
            result = harness.command("plan", harness.config(STEPS, services=services), "--all")
        assert result.code == 0, result.errors
        return Counter(re.findall(r"built-in: git (\S+)", trace.read_text())), Counter(cloud.calls(last))

    (few, calls_of_few), (many, calls_of_many) = plan(4), plan(60)
    assert {name: many[name] for name in ("status", "ls-tree", "rev-parse")} == {
        name: few[name] for name in ("status", "ls-tree", "rev-parse")
    }
    assert many["cat-file"] <= 2 * AT_ONCE
    assert {name: calls / 60 for name, calls in calls_of_many.items()} == {
        name: calls / 4 for name, calls in calls_of_few.items()
    }
