"""A kind of step owns itself: it is found by its file, and nothing else has to know of it."""

from __future__ import annotations

import ast
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import get_args

import pytest

from deploy_lib import steps
from deploy_lib.model.release import Release
from deploy_lib.release.perform import Request
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.kind import Kind, Settings, described
from tests.unit.samples import CANDIDATE, RELEASE

ROOM = Path(steps.__path__[0])


class WaitSettings(Settings):
    long: float = 60.0


@dataclass(frozen=True, slots=True)
class Wait:
    release: Release
    settings: WaitSettings
    twice: bool = False


def test_every_file_that_says_kind_is_a_step_by_its_name() -> None:
    files = {path.stem: path for path in ROOM.glob("*.py")} | {
        path.parent.name: path for path in ROOM.glob("*/__init__.py")
    }
    assert set(KINDS) == {name for name, path in files.items() if "\nKIND = " in path.read_text(encoding="utf-8")}


def test_a_kind_must_say_where_it_may_stand() -> None:
    """One that says nothing stood anywhere, and as often as a plan named it."""
    assert next(each for each in fields(Kind) if each.name == "position").default is MISSING


def test_the_kinds_stand_in_the_order_of_a_usual_plan() -> None:
    places = [kind.usual[0].place for kind in KINDS.values()]
    assert places == sorted(places)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_an_entry_in_the_reference_and_a_case_that_it_must_reject(name: str) -> None:
    kind = KINDS[name]
    assert all(f"- {name}:" in usual.reference for usual in kind.usual)
    assert kind.known_bad


@pytest.mark.parametrize("name", KINDS)
def test_its_place_names_kinds_that_there_are(name: str) -> None:
    place = KINDS[name].position
    assert all(rule.kind in KINDS for rule in (place.needs, place.not_after) if rule)


def test_a_request_without_words_of_its_own_is_told_field_by_field() -> None:
    assert described(Wait(RELEASE, WaitSettings())) == "Wait (long: 60.0, twice: False)"


def test_each_kinds_request_has_a_driver() -> None:
    """`perform` is checked by its types to answer every one of these."""
    asked = {request for kind in KINDS.values() for request in (kind.request, *kind.later)}
    assert asked == set(get_args(Request))


GO_OVER_THE_KINDS = ("config", "decide.py", "plan.py", "release", "journal/lines.py", "cli", "report", "model")
SAY_SOMETHING_ELSE = {
    ("model/details.py", "probe"),  # of requests
    ("model/evidence.py", "build"),  # where a line of log is from
    *(  # the command of the same name
        (file, "approve")
        for file in (
            "cli/arguments.py",
            "cli/main.py",
            "cli/selection.py",
            "cli/status.py",
            "model/program.py",
            "release/next_commands.py",
        )
    ),
    *(
        (file, "job")
        for file in (
            "cli/completion.py",
            "cli/release_store.py",
            "cli/selection.py",
            "config/load.py",
            "model/service.py",
        )
    ),  # one released by itself
}


def test_nothing_else_knows_a_kind_by_its_name() -> None:
    rooms = [ROOM.parent / name for name in GO_OVER_THE_KINDS]
    files = [file for room in rooms for file in (room.rglob("*.py") if room.is_dir() else [room])]
    found = {
        (str(file.relative_to(ROOM.parent)), node.value)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in KINDS
    }
    assert found == SAY_SOMETHING_ELSE


@pytest.mark.parametrize("name", KINDS)
def test_what_a_step_would_do_is_never_an_empty_line(name: str) -> None:
    kind = KINDS[name]
    assert kind.describe(kind.ask(kind.settings(), CANDIDATE)).strip()
