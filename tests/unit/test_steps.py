"""Golden cases of every kind of step: what it asks for, and what an answer meant. tests/cases/<kind>/{ask,judge}.yaml.

In ask.yaml `with` is all that the request holds besides the release and the settings, `plan` the line of `plan`, and
`offered` are other steps of the plan.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from deploy_lib.model.answers import Change, CheckoutRead, Side, Starting, Watched
from deploy_lib.model.details import Figures
from deploy_lib.model.file_state import FileState
from deploy_lib.model.release import Release
from deploy_lib.model.service import Health
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.steps.again import Again
from deploy_lib.steps.canary import EndStart, LookAtStart
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.compare import CompareDetails
from deploy_lib.steps.git_clean.findings import NAMED
from deploy_lib.steps.health import GOOD
from deploy_lib.steps.kind import Kind, Settings, Verdict
from deploy_lib.steps.promote import PromoteSettings
from tests.golden_file import read_cases
from tests.unit.samples import CANDIDATE, FIRST, LEASED

CASES = Path(__file__).parents[1] / "cases"
RELEASES = {"leased": LEASED, "candidate": CANDIDATE, "first": FIRST}


def _cases(table: str) -> list[Any]:
    """Of every kind; one without a table has none, which the last of these tests tells."""
    found = []
    for name, kind in KINDS.items():
        cases = read_cases(CASES / name / table) if (CASES / name / table).is_file() else []
        found += [pytest.param(kind, case, id=f"{name}: {case['case']}") for case in cases]
    return found


def _release(case: dict[str, Any]) -> Release:
    release = RELEASES[case.get("release", "candidate")]
    given = case.get("service", {})
    health = TypeAdapter(Health).validate_python(given.get("health", {}))
    service = replace(release.service, **{**given, "health": health})
    options = replace(release.options, **case.get("options", {}))
    before = (
        TypeAdapter(TrafficMap).validate_python({"targets": case["before"]}) if "before" in case else release.before
    )
    return replace(release, service=service, options=options, before=before, percent=case.get("percent", 0))


def _offered(case: dict[str, Any], release: Release) -> list[object]:
    """What the other steps of the plan offer, each written as in a plan."""
    others = [(KINDS[name], given) for other in case.get("offered", ()) for name, given in other.items()]
    return [kind.offers(kind.settings.model_validate(given), release.service) for kind, given in others]


def _plain(value: object) -> Any:
    """As a table can hold it."""
    if isinstance(value, TrafficMap):
        return [
            " ".join([each.revision or "", f"{each.percent} %", *filter(None, [each.tag])]) for each in value.targets
        ]
    plain = TypeAdapter(type(value)).dump_python(value, mode="json")
    if isinstance(plain, dict) and plain.get("expect", {}).get("status") == list(GOOD):
        plain["expect"]["status"] = "2xx"
    return plain


@pytest.mark.parametrize(("kind", "case"), _cases("ask.yaml"))
def test_what_is_asked_for(kind: Kind[Any, Any, Any], case: dict[str, Any]) -> None:
    release = _release(case)
    settings = kind.takes(kind.settings.model_validate(case.get("settings") or {}), _offered(case, release))
    request = kind.ask(settings, release)
    assert type(request) is kind.request
    assert (request.release, request.settings) == (release, settings)
    own = {name for name in dir(request) if not name.startswith("_")} - {"release", "settings"}
    assert {name: _plain(getattr(request, name)) for name in own} == case.get("with", {})
    assert kind.describe(request) == case["plan"]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_a_table_of_what_it_asks_for(name: str) -> None:
    assert (CASES / name / "ask.yaml").is_file(), f"write tests/cases/{name}/ask.yaml"
    assert read_cases(CASES / name / "ask.yaml")


@pytest.mark.parametrize(("kind", "case"), _cases("judge.yaml"))
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
    """A gate that never rejects anything is not a gate."""
    cases = read_cases(CASES / name / "judge.yaml")
    assert {"passed", "failed"} <= {case.get("status") for case in cases}


def test_a_comparison_records_the_usual_quantiles_beside_the_one_it_compares() -> None:
    kind = KINDS["compare"]
    settings = kind.settings.model_validate({"quantile": 0.8, "min_samples": 5})
    side = Side(100, 0, tuple(number / 1000 for number in range(1, 101)))
    details = kind.judge(settings, CANDIDATE, Watched(0, own_stable=side, own=side)).details
    assert isinstance(details, CompareDetails)
    quantiles = {"p50": 0.05, "p80": 0.08, "p90": 0.09, "p95": 0.095, "p99": 0.099}
    assert details.candidate == Figures(requests=100, errors=0, quantiles=quantiles)


@pytest.mark.parametrize(
    ("given", "longer", "warming_up"),
    [
        ({"bake": "3m"}, 360.0, 10.0),
        ({"bake": "8s"}, 30.0, 4.0),
        ({"bake": "3m", "extend_by": "0s", "warm_up": "1m"}, 0.0, 60.0),
    ],
)
def test_how_long_a_promotion_bakes_at_most_and_warms_up(
    given: dict[str, str], longer: float, warming_up: float
) -> None:
    settings = PromoteSettings.model_validate(given)
    assert (settings.longer, settings.warming_up) == (longer, warming_up)


def test_all_files_that_differ_are_reported_where_the_warning_names_some() -> None:
    changes = tuple(Change(f"notes/{number}.md", FileState.MODIFIED) for number in range(NAMED + 2))
    kind = KINDS["git_clean"]
    verdict = kind.judge(kind.settings(), CANDIDATE, CheckoutRead("c0ffee1", "c0ffee1", "main", changes))
    assert isinstance(verdict, Verdict) and verdict.details and verdict.findings[0].message.endswith("and 2 more")
    (line,) = verdict.details.lines()
    assert line.endswith(", ".join(change.path for change in changes))
