"""dev.py release: a version is made whole, or nothing is changed."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from new_version import Refused, make, notes_of, with_version

TODAY = date(2026, 3, 2)
CHANGELOG = "# Changelog\n\n## Unreleased\n\n### Added\n- A step.\n\n## 0.1.0 - 2026-01-01\n\n- All.\n"
PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "tool"
version = "0.1.0"

[tool.hatch.build.targets.wheel]
packages = ["tool"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (
        ("CHANGELOG.md", CHANGELOG),
        ("pyproject.toml", PROJECT),
        ("tool/__init__.py", ""),
        (".gitignore", "/dist/\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "a")
    git(tmp_path, "config", "user.email", "a@b.c")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    return tmp_path


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def test_the_changelog_moves_under_the_version() -> None:
    made = with_version(CHANGELOG, "0.2.0", TODAY)
    assert made.startswith("# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-03-02\n\n### Added\n- A step.\n\n## 0.1.0")
    assert notes_of(made, "0.2.0") == "### Added\n- A step."
    assert notes_of(made, "0.1.0") == "- All."
    with pytest.raises(Refused, match="nothing under Unreleased"):
        with_version(made, "0.3.0", TODAY)


def test_commit_tag_and_packages(root: Path) -> None:
    make(root, "0.2.0", TODAY)
    assert git(root, "log", "-1", "--format=%s") == "Release 0.2.0"
    assert git(root, "for-each-ref", "--format=%(contents)", "refs/tags/v0.2.0") == "0.2.0\n\n### Added\n- A step."
    assert git(root, "rev-parse", "v0.2.0^{}") == git(root, "rev-parse", "HEAD")
    assert len([*(root / "dist").glob("tool-0.2.0-*.whl")]) == 1
    assert (root / "dist" / "tool-0.2.0.tar.gz").is_file()
    assert git(root, "status", "--porcelain") == ""


def test_what_an_earlier_run_left_undone_is_done(root: Path) -> None:
    make(root, "0.2.0", TODAY)
    git(root, "tag", "--delete", "v0.2.0")
    commits = git(root, "rev-list", "--count", "HEAD")
    make(root, "0.2.0", TODAY)
    assert git(root, "tag") == "v0.2.0" and git(root, "rev-list", "--count", "HEAD") == commits


@pytest.mark.parametrize(
    ("version", "change", "why"),
    [
        ("0.2", "", "is not a version"),
        ("0.0.9", "", "is older than 0.1.0"),
        ("0.2.0", "tool/__init__.py", "commit or remove what is changed first:\nM tool/__init__.py"),
    ],
)
def test_refused_before_anything_is_changed(root: Path, version: str, change: str, why: str) -> None:
    if change:
        (root / change).write_text("x = 1\n")
    before = git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")
    with pytest.raises(Refused, match=why):
        make(root, version, TODAY)
    assert (git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")) == before
    assert git(root, "tag") == "" and not (root / "dist").exists()
