"""Which files git ignores, and by which line, on generated trees: what a status tells beside `git check-ignore`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_lib.drivers.fact_cache import NoFactCache
from deploy_lib.drivers.source.driver import GitSource
from tests.source.git_repository import GitRepository

NAMES = ["a", "b", "ab", "a.py", "b.py", "c.log"]
LINES = st.builds(
    lambda negated, slash, parts, end: negated + slash + "/".join(parts) + end,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(st.sampled_from([*NAMES, "*", "**", "*.py", "[ab]", "?"]), min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**"]),
)
RULES = st.lists(LINES, min_size=1, max_size=4).map("\n".join)
DIRECTORIES = st.sampled_from(["", "a/", "b/", "a/b/"])
TREES = st.lists(
    st.tuples(DIRECTORIES, st.sampled_from(["x.py", "a.py", "b.py", "c.log"])).map("".join), min_size=4, unique=True
)


def check_ignore(root: Path, paths: list[str]) -> dict[str, str]:
    """Path -> "file:line" of the rule that makes git ignore it."""
    said = subprocess.run(
        ["git", "-C", str(root), "check-ignore", "-v", "-z", "--stdin"],
        input="\0".join(paths),
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\0")
    rows = zip(*[iter(said)] * 4, strict=False)
    return {path: f"{file}:{line}" for file, line, pattern, path in rows if not pattern.startswith("!")}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=TREES, top=RULES, nested=RULES, where=DIRECTORIES, exclude=RULES)
def test_every_ignored_file_is_known_with_its_rule(
    tmp_path_factory: Callable[..., Path], tree: list[str], top: str, nested: str, where: str, exclude: str
) -> None:
    place = GitRepository(tmp_path_factory.mktemp("ignored") / "r")  # type: ignore[attr-defined]
    place.git("commit", "--quiet", "--allow-empty", "-m", "Begin")
    place.write(dict.fromkeys(tree, ""))
    place.write({".git/info/exclude": exclude, f"{where}.gitignore": nested, **({".gitignore": top} if where else {})})
    source = GitSource(place.root, NoFactCache())
    disk = source.missing_file_context("HEAD").disk
    told = {path: str(disk[path].rule) for path in tree if disk[path].state == "ignored"}
    expected = check_ignore(place.root, tree)
    assert told == expected
