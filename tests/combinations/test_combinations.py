"""What `check` says of every combination beside what is so: no error about one that starts, and few faults unseen."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from deploy_lib.cli.main import main
from deploy_lib.local_cloud.engines.model import Engine
from deploy_lib.source.last_image.record import write
from tests.combinations.dockerfiles import COPIES, IGNORES, INSTALLS
from tests.combinations.faults import FAULTS
from tests.combinations.generator import Combination, combination
from tests.combinations.layouts import LAYOUTS
from tests.combinations.starts import FORMS, SERVERS, WRAPPERS
from tests.combinations.truth import commit, commit_over, seen_inside, truth

MANY = 16
"""Of each kind, in the long mode (--combinations 16): 18 kinds, 288 of them and 20 for nothing planted."""
FEW = 2
"""Of each kind of TAUGHT, and two more, with what the last good image taught: that is two images for each."""
TAUGHT = ("misspelt import", "missing top level", "missing requirement", "string import")
"""Kinds of which nothing is left to guess once it is known what is installed."""
LEAST = {
    "untracked": 0.85,
    "deleted": 0.85,
    "wrong case": 0.8,
    "ignored": 0.8,
    "not copied": 0.8,
    "misspelt import": 0.8,
    "crlf script": 0.9,
    "script not executable": 0.9,
    "missing interpreter": 0.6,
    "undefined name": 0.6,
    "missing init": 0.75,
    "django": 0.5,
    "string import": 0.4,
    "wrong target": 0.8,
    "wrong command": 0.8,
}
"""The part of those that do not start which an error about the planted fault must foretell."""
UNPROVEN = frozenset({"missing top level", "missing requirement", "variable read"})
"""Kinds that the commit alone does not prove: an older release of a package, or the service's environment, may bring
what is missing. They are told at most as advice; one that gets errors belongs into LEAST."""
IDIOMS = {
    *LAYOUTS,
    *INSTALLS,
    *COPIES,
    *IGNORES,
    *WRAPPERS,
    *FORMS,
    *(name for each in SERVERS.values() for name in each),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_what_starts_has_no_error_and_what_does_not_has(
    kind: str, many: int, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: Counter[str] = Counter()
    missed: list[str] = []
    for number in range(many * 5 // 4 if kind == "none" else many):
        made, place = combination(kind, number), tmp_path / str(number)
        repository = commit(made, place / "repository")
        (place / "context").mkdir()
        so = truth(engine, made, repository, place / "context")
        told = checked(made, repository.root, tmp_path / "state", capsys)
        errors = [each for each in told if each["severity"] == "error"]
        if so.starts or kind in UNPROVEN:
            assert not errors, f"{'it starts' if so.starts else 'nothing proves it'}, but {errors}\n{made}"
        if so.starts:
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
        assert broken >= many // 2, "the faults that were planted harm too little"
        assert kind in UNPROVEN or seen["error"] >= LEAST[kind] * broken, "\n".join(missed)


@pytest.mark.parametrize("kind", [*TAUGHT, "none", "untracked"])
def test_the_last_good_image_teaches_more_and_nothing_wrong(
    kind: str, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commit before the mistake is built and looked into, then the one with it is judged with those facts."""
    without, with_facts = Counter[str](), Counter[str]()
    for number in range(FEW):
        place = tmp_path / str(number)
        repository = commit(combination(kind, number, planted=False), place / "repository")
        made = combination(kind, number)
        (place / "before").mkdir()
        (place / "now").mkdir()
        facts = place / "facts.json"
        facts.write_text(write(seen_inside(engine, repository, made.dockerfile, place / "before")), encoding="utf-8")
        commit_over(made, repository)
        so = truth(engine, made, repository, place / "now")
        for seen, words in ((without, ()), (with_facts, ("--facts", str(facts)))):
            told = checked(made, repository.root, tmp_path / "state", capsys, *words)
            errors = [each for each in told if each["severity"] == "error"]
            assert not (so.starts and errors), f"it starts, but {errors} with {words}\n{made}"
            about = any(made.draft.expects in json.dumps(each) for each in errors)
            seen["starts" if so.starts else "error" if about else "unseen"] += 1
    print(f"{kind}: {without['error']} of {FEW - without['starts']} foretold, with facts {with_facts['error']}")
    assert with_facts["error"] >= without["error"]
    if kind in TAUGHT:
        assert with_facts["error"] == FEW


def test_every_idiom_is_drawn() -> None:
    drawn = {each for kind in FAULTS for number in range(MANY) for each in combination(kind, number).chosen}
    assert drawn >= IDIOMS, IDIOMS - drawn


def checked(
    made: Combination, root: Path, state: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> list[dict[str, object]]:
    capsys.readouterr()
    words = ("--dockerfile", made.dockerfile, "--context", ".", "--output", "json", "--state", str(state))
    main(["check", "--repo", str(root), *words, *more])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["findings"]
    return found
