"""Our reading of .gcloudignore beside gcloud's own, and beside git where the two agree."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_lib.source.dockerignore import InvalidPattern
from deploy_lib.source.gcloudignore import Gcloudignore
from tests.source import gcloud_oracle

needs_gcloud = pytest.mark.skipif(bool(gcloud_oracle.missing()), reason=gcloud_oracle.missing() or "it is here")

PARTS = ["a", "b", "ab", "a.py", "*", "**", "?", "[ab]", "a*", "*.py", "[!a]", "\\*", "a ", "\\ a", "é", "abc"]
LINES = st.builds(
    lambda negated, slash, parts, end: negated + slash + "/".join(parts) + end,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**", " "]),
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "a.py", "c", "abc", "a ", "é", "*"]), min_size=1, max_size=4)
CASES = st.tuples(
    st.lists(LINES, min_size=1, max_size=4).map("\n".join),
    st.lists(PATHS.map("/".join), min_size=4, max_size=8, unique=True),
)


def rules(text: str, **beside: str) -> Gcloudignore:
    return Gcloudignore(text, "", {f".{name}": content for name, content in beside.items()}.get)


@needs_gcloud
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(CASES, min_size=80, max_size=80))
def test_drops_what_gcloud_drops(cases: list[tuple[str, list[str]]]) -> None:
    theirs = gcloud_oracle.dropped(cases)
    ours = [[path for path in paths if rules(text).dropping(path)] for text, paths in cases]
    assert list(zip(cases, ours, strict=True)) == list(zip(cases, theirs, strict=True))


@needs_gcloud
def test_lists_what_gcloud_lists_from_a_real_tree(tmp_path: Path) -> None:
    files = {
        ".gcloudignore": ".gcloudignore\n#!include:.gitignore\n/docs/\n!keep.log\n",
        ".gitignore": "*.log\nsecret/\npkg/gen.py\n#!include:other\n",
        **dict.fromkeys(("a.py", "x.log", "keep.log", "docs/a.md", "pkg/docs/b.md", "pkg/gen.py"), ""),
        **dict.fromkeys(("deep/pkg/gen.py", "pkg/.gitignore", "pkg/secret/k", "other"), ""),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    said = subprocess.run(
        [str(shutil.which("gcloud")), "meta", "list-files-for-upload", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={
            "PATH": "/usr/bin:/bin",
            "CLOUDSDK_CONFIG": str(tmp_path.parent / "settings"),
            "HOME": str(tmp_path.parent),
        },
    )
    ours = Gcloudignore(files[".gcloudignore"], "", files.get)
    assert {path for path in files if ours.dropping(path) is None} == set(said.stdout.split("\n")) - {""}


def test_every_rule_knows_its_own_file_and_line() -> None:
    both = rules("# top\n*.md\n#!include:.gitignore\nlast\n", gitignore="\n# why\nllm_config*\n")
    assert [str(both.dropping(path)) for path in ("a.md", "app/llm_config_types.py", "last/x", "kept.py")] == [
        ".gcloudignore:2",
        ".gitignore:3",
        ".gcloudignore:4",
        "None",
    ]
    assert Gcloudignore("x\n", "services/api", {}.get).dropping("x").file == "services/api/.gcloudignore"  # type: ignore[union-attr]


@pytest.mark.parametrize("line", ["#!include:.nowhere", "#!include:sub/.gitignore"])
def test_an_include_that_gcloud_refuses_is_refused(line: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        rules(f"a\n{line}\n")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("line", "path", "gcloud", "git"),
    [
        ("pkg/gen.py", "deep/pkg/gen.py", True, False),  # a slash in the middle binds git's pattern to the top
        ("build/**", "build", True, False),
        ("*.log", "deep/x.log", True, True),
        ("/x", "deep/x", False, False),
    ],
)
def test_where_gcloud_and_git_part(tmp_path: Path, line: str, path: str, gcloud: bool, git: bool) -> None:
    assert bool(rules(line).dropping(path)) is gcloud
    assert (path in ask_git(tmp_path, line, [path])) is git


SIMPLE = st.builds(
    lambda negated, slash, name, end: negated + slash + name + end,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.sampled_from(["a", "ab", "a.py", "a*", "*.py", "[ab]", "?b"]),  # a bare "*" stays at the top for gcloud
    st.sampled_from(["", "", "/"]),
)
PLAIN_PATHS = st.lists(st.sampled_from(["a", "b", "ab", "a.py", "c"]), min_size=1, max_size=4).map("/".join)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(SIMPLE, min_size=1, max_size=5), st.lists(PLAIN_PATHS, min_size=8, max_size=16, unique=True))
def test_names_and_suffixes_mean_the_same_to_git(tmp_path: Path, lines: list[str], paths: list[str]) -> None:
    text = "\n".join(lines)
    ours = rules(text)
    assert {path for path in paths if ours.dropping(path)} == ask_git(tmp_path, text, paths)


def ask_git(root: Path, text: str, paths: list[str]) -> set[str]:
    """What `git check-ignore` says of paths that need not exist; a rule that takes back does not count as ignoring."""
    if not (root / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    (root / ".gitignore").write_text(text + "\n")
    done = subprocess.run(
        ["git", "-C", str(root), "check-ignore", "--no-index", "--stdin", "-z"],
        input="\0".join(paths),
        capture_output=True,
        text=True,
        check=False,
    )
    return set(done.stdout.split("\0")) - {""}
