"""Which set a test belongs to, as told by where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sets import FAST, PLACES, SAMPLED, SLOW, STANDARD, may_hold, set_of
from tests.stories import failed

ROOT = Path(__file__).parents[1]
HERE = {"tests/": STANDARD, "tests/a/": FAST, "tests/a/test_b.py": SAMPLED, "tests/a/test_b.py::test_long": SLOW}

TABLE = (
    ("tests/c/test_new.py::test_x", True, (), (), STANDARD),
    ("tests/a/test_c.py::test_x", True, (), (), FAST),
    ("tests/a/test_b.py::test_x[1]", True, (), (), STANDARD),
    ("tests/a/test_b.py::test_x[2]", False, (), (), SLOW),
    ("tests/a/test_b.py::test_long_log", True, (), (), SLOW),
    ("tests/a/test_c.py::test_x", True, ("slow",), (), SLOW),
    ("tests/a/test_b.py::test_x[2]", False, ("parametrize", "standard"), (), STANDARD),
    ("tests/e/test_x.py::test_x[podman]", True, (), ("podman",), SLOW),
    ("tests/e/test_x.py::test_x[namespaces]", False, (), ("namespaces", "a"), STANDARD),
)


@pytest.mark.fast
@pytest.mark.parametrize(("test", "first", "marks", "engines", "expected"), TABLE)
def test_the_longest_place_decides_and_a_mark_comes_before(
    test: str, first: bool, marks: tuple[str, ...], engines: tuple[str, ...], expected: str
) -> None:
    assert set_of(test, first=first, marks=marks, engines=engines, places=HERE) == expected


@pytest.mark.fast
@pytest.mark.parametrize(
    ("file", "text", "fast", "slow"),
    [
        ("tests/a/test_c.py", "", True, False),
        ("tests/a/test_b.py", "", False, True),
        ("tests/a/test_b.py", "@pytest.mark.fast", True, True),
        ("tests/c/test_new.py", "", False, False),
        ("tests/c/test_new.py", "@pytest.mark.slow", False, True),
        ("tests/c/test_new.py", "def test_it_runs(engine: Engine)", False, True),
        ("tests/c/test_d.py", "", True, False),
    ],
)
def test_a_file_without_a_test_of_the_set_need_not_be_imported(file: str, text: str, fast: bool, slow: bool) -> None:
    places = {**HERE, "tests/c/test_d.py::test_one": FAST}
    assert (may_hold(FAST, file, text, places), may_hold(SLOW, file, text, places)) == (fast, slow)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("test", "phase", "said", "expected"),
    [
        (
            "tests/a/test_b.py::test_users_lose_nothing[at 10 %]",
            "call",
            "AssertionError: 3 lost\nassert 3 == 0\n",
            "does not hold: users lose nothing, at 10 % (tests/a/test_b.py): AssertionError: 3 lost",
        ),
        (
            "tests/a/test_b.py::test_it_ends",
            "setup",
            "",
            "could not begin: it ends (tests/a/test_b.py): no reason was given",
        ),
        (
            "tests/a/test_b.py",
            "collect",
            "No module named 'gone'",
            "does not hold: its tests can be read (tests/a/test_b.py): No module named 'gone'",
        ),
        (
            "tests/a/test_b.py::TestAll::test_it_ends[a[0]]",
            "teardown",
            "\n left\n",
            "did not end well: it ends, a[0] (tests/a/test_b.py): left",
        ),
    ],
)
def test_a_failure_tells_its_story_in_one_line(test: str, phase: str, said: str, expected: str) -> None:
    assert failed(test, phase, said) == expected


@pytest.mark.fast
@pytest.mark.parametrize("place", PLACES)
def test_every_place_of_the_table_is_there(place: str) -> None:
    path, _, function = place.partition("::")
    found = [*ROOT.glob(f"{path.rstrip('/')}*")]
    assert found, f"{path} is gone; take it out of tests/sets.py"
    assert not function or f"def {function}" in (ROOT / path).read_text(encoding="utf-8")
