"""Journals that an earlier version wrote are read, and tell the same. tests/cases/journals: each beside its report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy_lib.journal import decode, encode
from deploy_lib.model.details import Foreign
from deploy_lib.model.exposure import Exposure
from deploy_lib.model.journal import Entry, Judged, Started
from deploy_lib.report.build import build
from deploy_lib.report.formats import render

CASES = Path(__file__).parents[1] / "cases" / "journals"
NAMES = sorted(path.stem for path in CASES.glob("*.jsonl"))
BEFORE = {"live": "first", "import_failed": "live", "canary_failed": "live", "build_failed": "live"}
FROM_DETAILS = ("COMPARED WITH", "IMPACT", "EVIDENCE")
"""Sections that are made from what the steps found."""


def journal_of(name: str) -> Sequence[Entry]:
    return [decode(line) for line in (CASES / f"{name}.jsonl").read_bytes().splitlines()]


def sections(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if part.startswith(FROM_DETAILS)]


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_of_before_tells_what_it_told(name: str) -> None:
    previous = journal_of(BEFORE[name]) if name in BEFORE else None
    told = render(build(journal_of(name), previous, (), datetime(2027, 1, 1, tzinfo=UTC), UTC), "text")
    assert sections(told) == sections((CASES / f"{name}.txt").read_text(encoding="utf-8"))
    assert len(sections(told)) == len(FROM_DETAILS)


@pytest.mark.parametrize("name", NAMES)
def test_and_is_written_anew_without_a_loss(name: str) -> None:
    entries = journal_of(name)
    assert not any(isinstance(entry, Judged) and isinstance(entry.details, Foreign) for entry in entries)
    assert [decode(encode(entry)) for entry in entries] == entries


def test_how_its_service_is_reached_stood_elsewhere() -> None:
    first = (CASES / "live.jsonl").read_bytes().splitlines()[0]
    line = first.replace(b'"public":false', b'"public":true,"runtime":{"ingress":"internal","custom_audiences":["a"]}')
    entry = decode(line)
    assert isinstance(entry, Started)
    assert entry.release.service.exposure == Exposure("internal", ("a",), public=True)
    assert decode(encode(entry)) == entry


def test_what_an_unknown_kind_found_is_kept_and_told_field_by_field() -> None:
    entries = journal_of("live")
    judged = next(entry for entry in entries if isinstance(entry, Judged))
    line = encode(judged).replace(b'"git_clean"', b'"of_tomorrow"').replace(b'{"outside":[]}', b'{"waited":60}')
    strange = decode(line)
    assert isinstance(strange, Judged) and isinstance(strange.details, Foreign)
    assert decode(encode(strange)) == strange
    report = build([*entries[:1], strange], None, (), datetime(2027, 1, 1, tzinfo=UTC), UTC)
    assert "of_tomorrow: waited: 60" in [line.strip() for line in render(report, "text").splitlines()]
    assert "- of_tomorrow: waited: 60" in render(report, "md").splitlines()
