"""The same advice is not printed twice: what a step that failed found, and what its cause says to do."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from deploy_lib.cli.show.plain import Plain
from deploy_lib.cli.show.printer import Printer
from deploy_lib.model.cause import Cause
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.journal import Diagnosed, Judged, Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from tests.unit.diagnose.cases import SERVICE

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADD = "git add shop/llm.py && git commit -m 'Add it'"
WRITE = "write services.backend.entrypoint: shop.main"
CAUSE = Cause("missing_module", "no shop.llm", commands=(f"(cd /r && {ADD})", "deploy"))


def shown(status: Status, cause: Cause | None) -> list[str]:
    release = Release("r", SERVICE, "a" * 40, AT)
    findings = tuple(Finding("missing_module", Severity.ERROR, f"no {fix}", fix=fix) for fix in (ADD, WRITE, ADD))
    out = io.StringIO()
    plain = Plain(Printer(out), ("backend",))
    plain.entry("backend", Judged(AT, 0, "image_contents", "image_contents", status, "no", release, 0.1, findings))
    if cause:
        plain.entry("backend", Diagnosed(AT, cause, Evidence()))
    plain.entry("backend", Stopped(AT, Outcome.REJECTED, "no", "nothing", ()))
    plain.close()
    texts = [line.partition("  ")[2].strip() for line in out.getvalue().splitlines()]
    return [text for text in texts if text.startswith(("fix:", "do:"))]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("status", "cause", "told"),
    [
        pytest.param(
            Status.FAILED, CAUSE, [f"do: (cd /r && {ADD})", "do: deploy", f"fix: {WRITE}"], id="behind its cause"
        ),
        pytest.param(Status.FAILED, None, [f"fix: {ADD}", f"fix: {WRITE}"], id="no cause was looked for"),
        pytest.param(Status.PASSED, None, [f"fix:  {ADD}", f"fix:  {WRITE}", f"fix:  {ADD}"], id="where it stands"),
    ],
)
def test_advice_is_said_once(status: Status, cause: Cause | None, told: list[str]) -> None:
    assert shown(status, cause) == told
