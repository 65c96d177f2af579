"""Small repositories as services have them, and what `check` must say of each: tests/cases/check/cases.json."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rehearse.repository import Repository

from deploy_lib.cli.main import main

PLACE = Path(__file__).parents[1] / "cases" / "check"
CASES = json.loads((PLACE / "cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_verdict_is_right(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = Repository.copied_from(PLACE / case["name"], tmp_path / "shop")
    code = main(["check", "--repo", str(shop.root), "--output", "json", "--state", str(tmp_path / "state")])
    findings = json.loads(capsys.readouterr().out)["findings"]
    found = {severity: [each for each in findings if each["severity"] == severity] for severity in ("error", "warning")}
    expected = case["expect"]
    assert code == expected["exit"], f"{case['why']}: {findings}"
    for severity, name in (("error", "errors"), ("warning", "warnings")):
        assert len(found[severity]) == expected.get(name, len(found[severity])), f"{case['why']}: {findings}"
    assert (expected.get("finds") or "") in json.dumps(found["error"]), f"{case['why']}: {findings}"


def test_line_ends_that_a_step_mends_or_a_shell_reads_stop_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "f14-crlf-entrypoint"
    dockerfile = (PLACE / name / "Dockerfile").read_text(encoding="utf-8")
    for number, text in enumerate(
        (
            dockerfile.replace("RUN chmod", "RUN sed -i 's/\\r$//' entrypoint.sh && chmod"),
            dockerfile.replace('["./entrypoint.sh"]', '["sh", "./entrypoint.sh"]'),
        )
    ):
        copied = tmp_path / f"given-{number}"
        shutil.copytree(PLACE / name, copied)
        (copied / "Dockerfile").write_text(text, encoding="utf-8")
        shop = Repository.copied_from(copied, tmp_path / f"shop-{number}")
        code = main(["check", "--repo", str(shop.root), "--output", "json", "--state", str(tmp_path / "state")])
        codes = [each["code"] for each in json.loads(capsys.readouterr().out)["findings"]]
        assert (code, "windows_line_ends" in codes) == (0, False)


def test_line_ends_stop_a_script_that_is_given_arguments_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = shutil.copytree(PLACE / "f14-crlf-entrypoint", tmp_path / "given")
    with (copied / "Dockerfile").open("a", encoding="utf-8") as dockerfile:
        dockerfile.write('CMD ["web:application"]\n')
    shop = Repository.copied_from(copied, tmp_path / "shop")
    assert main(["check", "--repo", str(shop.root), "--state", str(tmp_path / "state")]) == 1
    assert "windows_line_ends" in capsys.readouterr().out
