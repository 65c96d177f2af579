"""What `--output json` writes is what config/events.schema.json says, whatever a release comes to."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from deploy_lib.cli.show.events import Events
from deploy_lib.journal import decode
from deploy_lib.model.journal import Entry, GoingBack, Withdrawn
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.steps.catalogue import KINDS
from tests.json_schema import faults
from tests.report.journals import BEFORE, NOON, STORIES

pytestmark = pytest.mark.fast

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "config" / "events.schema.json").read_text(encoding="utf-8"))
JOURNALS = sorted((ROOT / "tests" / "cases" / "journals").rglob("*.jsonl"))
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def events(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    out = io.StringIO()
    shown = Events(out, ("backend",))
    for entry in entries:
        shown.entry("backend", entry)
    shown.line("backend", "somebody else deploys; waiting")
    shown.close()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def wrong(found: Sequence[dict[str, Any]]) -> list[str]:
    return [fault for event in found for fault in faults(event, SCHEMA, SCHEMA)]


@pytest.mark.parametrize("name", STORIES)
def test_every_event_of_a_story_fits(name: str) -> None:
    assert wrong(events(STORIES[name]())) == []


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_and_of_releases_as_they_were_recorded(path: Path) -> None:
    assert wrong(events([decode(line) for line in path.read_bytes().splitlines()])) == []


def test_and_what_no_story_comes_to() -> None:
    rest = (GoingBack(NOON, BEFORE, TrafficMap(), "what served before"), Withdrawn(NOON, "another service failed"))
    assert wrong(events(rest)) == []


def test_it_tells_every_type_of_event_and_the_facts_of_every_kind_of_step() -> None:
    records = [SCHEMA["$defs"][each["$ref"].rpartition("/")[2]] for each in SCHEMA["oneOf"]]
    named = {each["properties"]["type"]["const"] for each in records}
    types = {kind.__dataclass_fields__["type"].default for kind in get_args(Entry)} | {
        "progress",
        "changed",
        "unchanged",
    }
    assert named == types
    assert [name for name in sorted(types) if f"`{name}`" not in PAGE] == []
    told = [each["if"]["properties"]["kind"]["const"] for each in SCHEMA["$defs"]["Judged"]["allOf"]]
    assert told == sorted(KINDS)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reason": 3}, "$.reason: 3 is not of type string"),
        ({"status": "fine"}, "$.status: 'fine' is none of"),
        ({"mood": "good"}, "$: nothing tells of mood"),
        ({"facts": {"image": 1}}, "$.facts"),
    ],
)
def test_what_does_not_fit_is_found(change: dict[str, Any], told: str) -> None:
    event = next(each for each in events(STORIES["live"]()) if each.get("kind") == "build" and "facts" in each)
    assert any(fault.startswith(told) for fault in wrong([{**event, **change}])), wrong([{**event, **change}])
