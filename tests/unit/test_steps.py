"""Golden cases of every step: an answer on the left, what it meant on the right. tests/cases/<step>/judge.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from deploy_lib.model.answers import Compared, Side, Starting
from deploy_lib.model.details import Figures
from deploy_lib.model.release import Release
from deploy_lib.steps.again import Again
from deploy_lib.steps.canary import CreateRevision, EndStart, LookAtStart
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.compare import CompareDetails
from deploy_lib.steps.kind import Kind, Settings
from deploy_lib.steps.promote import MoveTraffic
from tests.golden_file import read_cases
from tests.unit.samples import CANDIDATE, FIRST, LEASED

CASES = Path(__file__).parents[1] / "cases"
RELEASES = {"leased": LEASED, "candidate": CANDIDATE, "first": FIRST}


def _cases() -> list[Any]:
    found = []
    for name in KINDS:
        cases = read_cases(CASES / name / "judge.yaml")
        found += [pytest.param(KINDS[name], case, id=f"{name}: {case['case']}") for case in cases]
    return found


@pytest.mark.parametrize(("kind", "case"), _cases())
def test_what_an_answer_means(kind: Kind[Any, Any, Any], case: dict[str, Any]) -> None:
    settings: Settings = kind.settings.model_validate(case.get("settings") or {})
    release: Release = RELEASES[case.get("release", "candidate")]
    answer = TypeAdapter(kind.answer).validate_python(case["answer"])
    verdict = kind.judge(settings, release, answer)
    if isinstance(verdict, Again):
        assert verdict.after == pytest.approx(case["again"])
        return
    assert (verdict.status.value, verdict.reason) == (case["status"], case["reason"])
    if "findings" in case:
        assert [f"{finding.severity.value} {finding.code}" for finding in verdict.findings] == case["findings"]
    for words, attribute in (("messages", "message"), ("fixes", "fix")):
        if words in case:
            assert [getattr(finding, attribute) for finding in verdict.findings] == case[words]
    for name, value in (case.get("grown") or {}).items():
        assert getattr(verdict.release, name) == value


@pytest.mark.parametrize("case", read_cases(CASES / "canary/start.yaml"), ids=lambda case: case["case"])
def test_how_long_a_start_is_waited_for(case: dict[str, Any]) -> None:
    kind = KINDS["canary"]
    settings = kind.settings.model_validate(case.get("settings") or {})
    start = TypeAdapter(Starting).validate_python(case["start"])
    found = kind.judge(settings, CANDIDATE, start)
    assert isinstance(found, Again)
    if "again" in case:
        assert (found.request, found.after) == (LookAtStart(CANDIDATE), pytest.approx(case["again"]))
        return
    end = case["end"]
    ended = EndStart(CANDIDATE, settings, end == "ready", end == "failed_early", end == "timed_out")
    assert (found.request, found.after) == (ended, 0)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_step_rejects_something(name: str) -> None:
    """A gate that never says no is no gate."""
    cases = read_cases(CASES / name / "judge.yaml")
    assert {"passed", "failed"} <= {case.get("status") for case in cases}


def test_a_promotion_keeps_tags_and_proportions() -> None:
    kind = KINDS["promote"]
    request = kind.ask(kind.settings.model_validate({"percent": 10}), CANDIDATE)
    assert isinstance(request, MoveTraffic)
    assert request.target.shares() == {"stable-1": 90, "cand-2": 10}
    assert request.target.tags() == {"canary": "cand-2"}


def test_a_canary_is_asked_for_with_its_tag() -> None:
    kind = KINDS["canary"]
    request = kind.ask(kind.settings.model_validate({"ready_within": "90s"}), LEASED)
    assert isinstance(request, CreateRevision)
    assert (request.settings.tag, request.settings.ready_within) == ("canary", 90.0)


def test_a_comparison_records_the_usual_quantiles_beside_the_one_it_compares() -> None:
    kind = KINDS["compare"]
    settings = kind.settings.model_validate({"quantile": 0.8, "min_samples": 5})
    side = Side(100, 0, tuple(number / 1000 for number in range(1, 101)))
    details = kind.judge(settings, CANDIDATE, Compared(side, side)).details
    assert isinstance(details, CompareDetails)
    quantiles = {"p50": 0.05, "p80": 0.08, "p90": 0.09, "p95": 0.095, "p99": 0.099}
    assert details.candidate == Figures(requests=100, errors=0, quantiles=quantiles)
