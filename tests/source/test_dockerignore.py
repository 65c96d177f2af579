"""What BuildKit really copied, per .dockerignore; and the rule named for what it did not copy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from e2b_dockerfile_utils import PatternMatcher
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.source.dockerignore import Dockerignore, InvalidPattern

MEASURED = json.loads((Path(__file__).parent.parent / "cases/dockerignore/measured.json").read_text(encoding="utf-8"))
TREE = [*MEASURED["files"], *MEASURED["symlinks"], *MEASURED["extra"]]


@pytest.mark.parametrize("case", MEASURED["cases"], ids=lambda case: case["name"])
def test_keeps_what_buildkit_kept(case: dict[str, object]) -> None:
    text = str(case["dockerignore"])
    if case["error"]:
        with pytest.raises(InvalidPattern):
            Dockerignore(text, ".dockerignore")
        return
    rules = Dockerignore(text, ".dockerignore")
    copied = case["copied"]
    assert isinstance(copied, list)
    expected = {path.rstrip("@") for path in copied if not path.endswith("/")}
    assert {path for path in TREE if rules.dropping(path) is None} == expected


def test_names_the_line_that_dropped_a_path() -> None:
    rules = Dockerignore("# what stays out\n\n*.md\n!README.md\nbuild\nbuild/sub\n!build/keep\n", "app/.dockerignore")
    named = {path: str(rules.dropping(path)) for path in ("a.md", "README.md", "build/sub/x.py", "build/keep/k.py")}
    assert named == {
        "a.md": "app/.dockerignore:3",
        "README.md": "None",
        "build/sub/x.py": "app/.dockerignore:5",
        "build/keep/k.py": "None",
    }


def test_an_invalid_line_is_named() -> None:
    with pytest.raises(InvalidPattern) as caught:
        Dockerignore("a\n\n[\n", ".dockerignore")
    assert caught.value.line == 3


NAMES = st.sampled_from(["a", "b", "ab", "a.py", "*", "**", "?", "[ab]", "a*"])
PATTERNS = st.builds(
    lambda negated, slash, parts: negated + slash + "/".join(parts),
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(NAMES, min_size=1, max_size=3),
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "a.py"]), min_size=1, max_size=4).map("/".join)


@given(st.lists(PATTERNS, max_size=6), st.lists(PATHS, min_size=1, max_size=8))
def test_the_walk_by_directory_answers_as_the_library_does(patterns: list[str], paths: list[str]) -> None:
    rules = Dockerignore("\n".join(patterns), ".dockerignore")
    expected = PatternMatcher(patterns)
    assert [rules.dropping(path) is not None for path in paths] == [expected.matches(path) for path in paths]
