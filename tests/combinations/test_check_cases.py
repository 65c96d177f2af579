"""The repositories of tests/cases/check, judged with the facts of their own images: the verdicts stay right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rehearse.repository import Repository

from deploy_lib.cli.main import main
from deploy_lib.local_cloud.engines.model import Engine
from deploy_lib.source.last_image.record import write
from tests.combinations.truth import seen_inside

PLACE = Path(__file__).parents[1] / "cases" / "check"
TOOLS = ("poetry", "pipenv", "uv ", "make ", "grpc_tools", "titiler", "setuptools.setup")
"""What only a network brings: their images cannot be built here."""


def is_built_here(case: dict[str, Any]) -> bool:
    files = [PLACE / case["name"] / name for name in ("Dockerfile", "requirements.txt", "setup.py")]
    text = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    return not any(tool in text for tool in TOOLS)


CASES = [each for each in json.loads((PLACE / "cases.json").read_text(encoding="utf-8")) if is_built_here(each)]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_verdict_is_right_with_facts(
    case: dict[str, Any], engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = Repository.copied_from(PLACE / case["name"], tmp_path / "shop")
    (tmp_path / "context").mkdir()
    facts = tmp_path / "facts.json"
    facts.write_text(write(seen_inside(engine, shop, "Dockerfile", tmp_path / "context")), encoding="utf-8")
    words = ("--output", "json", "--state", str(tmp_path / "state"))
    codes, errors = [], []
    for more in ((), ("--facts", str(facts))):
        codes.append(main(["check", "--repo", str(shop.root), *words, *more]))
        found = json.loads(capsys.readouterr().out)["findings"]
        errors.append([each["message"] for each in found if each["severity"] == "error"])
    print(f"{case['name']}: {len(errors[0])} errors, with facts {len(errors[1])}")
    assert codes == [case["expect"]["exit"]] * 2, errors
    assert len(errors[1]) >= len(errors[0])
