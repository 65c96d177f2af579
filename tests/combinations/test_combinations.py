"""What `check` says of every combination beside what is so: no error about one that starts, and few faults unseen."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from deploy_lib.cli.main import main
from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import Engine, EngineUnavailable
from tests.combinations.base import base_image
from tests.combinations.dockerfiles import COPIES, IGNORES, INSTALLS
from tests.combinations.faults import FAULTS
from tests.combinations.generator import Combination, combination
from tests.combinations.layouts import LAYOUTS
from tests.combinations.starts import FORMS, SERVERS, WRAPPERS
from tests.combinations.truth import commit, truth
from tests.engine_store import shared_store

EACH = {"none": 30}
"""Combinations of a kind where they are not SEVERAL; 336 in all."""
SEVERAL = 17
LEAST = {
    "untracked": 0.85,
    "deleted": 0.85,
    "wrong case": 0.8,
    "ignored": 0.8,
    "not copied": 0.8,
    "misspelt import": 0.8,
    "missing top level": 0.0,
    "missing requirement": 0.0,
    "crlf script": 0.9,
    "script not executable": 0.0,
    "missing interpreter": 0.0,
    "undefined name": 0.6,
    "variable read": 0.0,
    "missing init": 0.75,
    "django": 0.1,
    "string import": 0.4,
    "wrong target": 0.8,
    "wrong command": 0.8,
}
"""The part of those that do not start which an error about the planted fault must foretell."""
IDIOMS = {
    *LAYOUTS,
    *INSTALLS,
    *COPIES,
    *IGNORES,
    *WRAPPERS,
    *FORMS,
    *(name for each in SERVERS.values() for name in each),
}


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    try:
        made = choose("namespaces", shared_store(tmp_path_factory).parent / "combinations-store")
    except EngineUnavailable as error:
        pytest.skip(f"{error.reason}; {error.remedy}")
    base_image(made, tmp_path_factory.mktemp("base"))
    return made


@pytest.mark.parametrize("kind", FAULTS)
def test_what_starts_has_no_error_and_what_does_not_has(
    kind: str, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: Counter[str] = Counter()
    missed: list[str] = []
    for number in range(EACH.get(kind, SEVERAL)):
        made, place = combination(kind, number), tmp_path / str(number)
        repository = commit(made, place / "repository")
        (place / "context").mkdir()
        so = truth(engine, made, repository, place / "context")
        told = checked(made, repository.root, tmp_path / "state", capsys)
        errors = [each for each in told if each["severity"] == "error"]
        if so.starts:
            assert not errors, f"it starts, but {errors}\n{made}"
            seen["starts"] += 1
            continue
        assert kind != "none", f"nothing is planted, and it does not start: {so.said}\n{made}"
        about = [each for each in told if made.draft.expects in json.dumps(each)]
        word = "error" if any(each in errors for each in about) else "advice" if about else "silent"
        seen[word] += 1
        if word != "error":
            missed.append(f"{word}: {', '.join(made.chosen)}: {so.said}")
    broken = seen.total() - seen["starts"]
    print(f"{kind}: {seen['error']} of {broken} foretold, {seen['advice']} as advice, {seen['starts']} that start")
    if kind != "none":
        assert broken >= SEVERAL // 2, "the faults that were planted harm too little"
        assert seen["error"] >= LEAST[kind] * broken, "\n".join(missed)


def test_every_idiom_is_drawn() -> None:
    drawn = {each for kind in FAULTS for number in range(SEVERAL) for each in combination(kind, number).chosen}
    assert drawn >= IDIOMS, IDIOMS - drawn


def checked(made: Combination, root: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    words = ("--dockerfile", made.dockerfile, "--context", ".", "--output", "json", "--state", str(state))
    main(["check", "--repo", str(root), *words])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["findings"]
    return found
