"""A case each gate must reject, as the answer its driver would give. Values only; `selftest` judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy_lib.model import answers
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.release import Release
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

SERVICE = Service("selftest", "selftest-project", "us-central1", "selftest", "host/selftest-project/services")
BEFORE = TrafficMap((TrafficTarget("stable", 100),))
RELEASE = Release(
    "selftest",
    SERVICE,
    "0" * 40,
    datetime(2026, 1, 1, tzinfo=UTC),
    image="host/selftest-project/services/selftest@sha256:" + "0" * 64,
    candidate="candidate",
    candidate_url="http://candidate.invalid",
    tag="canary",
    url="http://main.invalid",
    before=BEFORE,
)


@dataclass(frozen=True, slots=True)
class BadCase:
    kind: str
    told: str
    answer: Any
    settings: Mapping[str, Any] = field(default_factory=dict)


def _error(code: str, message: str) -> tuple[Finding, ...]:
    return (Finding(code, Severity.ERROR, message),)


_REFUSED = answers.Attempt(0.0, 0.01, problem="no connection")

CASES = (
    BadCase("config_contract", "a secret that does not exist",
            answers.ContractRead(_error("secret_missing", "there is no secret api-key"), ("secrets",))),
    BadCase("config_contract", "a contract of which nothing could be read", answers.ContractRead()),
    BadCase("build", "a build that pushed no image", answers.Built(None)),
    BadCase("import_check", "a module that the image lacks",
            answers.ImportsChecked(True, targets=1, findings=_error("missing_module", "no module app.llm"))),
    BadCase("import_check", "a check that imported nothing", answers.ImportsChecked(True, targets=0)),
    BadCase("import_check", "a check without a result", answers.ImportsChecked(False, "its output was cut")),
    BadCase("canary", "a revision that does not come up", answers.RevisionCreated("candidate", False)),
    BadCase("probe", "a candidate that does not answer", answers.Probed("http://candidate.invalid", (_REFUSED,) * 10)),
    BadCase("probe", "a candidate that was never asked", answers.Probed("http://candidate.invalid")),
    BadCase("compare", "a candidate that fails every request",
            answers.Compared(answers.Side(50, 0), answers.Side(50, 50), seconds=10)),
    BadCase("compare", "too few requests to tell", answers.Compared(answers.Side(3, 0), answers.Side(3, 1), seconds=1)),
    BadCase("compare", "a candidate that is ten times as slow",
            answers.Compared(answers.Side(100, 0, (0.05,) * 100), answers.Side(100, 0, (0.5,) * 100), seconds=10)),
    BadCase("promote", "traffic that never moved", answers.TrafficMoved(BEFORE), {"percent": 100}),
    BadCase("promote", "traffic that someone else moved",
            answers.TrafficMoved(BEFORE, conflict="someone changed it"), {"percent": 100}),
    BadCase("verify", "a main URL that answers from the old revision",
            answers.BackRead(TrafficMap((TrafficTarget("candidate", 100),)), True, {"stable": 3})),
    BadCase("verify", "a service that still serves the old revision", answers.BackRead(BEFORE, True, {"stable": 3})),
)  # fmt: skip
