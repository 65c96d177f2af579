"""The rehearsal's repository: the same commits everywhere, and changes that still fit the example service."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from rehearse import changes
from rehearse.repository import Repository
from rehearse.workspace import EXAMPLE


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.copied_from(EXAMPLE, tmp_path / "shop")


def _git(repository: Repository, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=repository.root, capture_output=True, text=True, check=True).stdout


def test_the_same_story_makes_the_same_commits(repository: Repository, tmp_path: Path) -> None:
    other = Repository.copied_from(EXAMPLE, tmp_path / "again")
    assert repository.head() == other.head()
    assert changes.add_a_feature(repository) == changes.add_a_feature(other)


def test_the_author_is_nobody_in_particular(repository: Repository) -> None:
    assert _git(repository, "log", "--format=%an <%ae>").strip() == "Example <example@example.invalid>"


def test_nothing_is_left_uncommitted_by_any_story(repository: Repository) -> None:
    for change in (changes.add_a_feature, changes.forget_a_module, changes.finish_the_refactor, changes.break_orders):
        change(repository)
        assert _git(repository, "status", "--porcelain") == ""


def test_the_forgotten_module_is_on_disk_and_ignored(repository: Repository) -> None:
    changes.forget_a_module(repository)
    path = "shop_backend/schemas/llm_config_types.py"
    assert (repository.root / path).is_file()
    assert path not in _git(repository, "ls-files")
    assert _git(repository, "check-ignore", "--verbose", path).startswith(".gitignore:")


def test_every_changed_module_still_parses(repository: Repository) -> None:
    for change in (changes.add_a_feature, changes.forget_a_module, changes.finish_the_refactor, changes.break_orders):
        change(repository)
        for path in repository.root.rglob("*.py"):
            compile(path.read_text(), str(path), "exec")


def test_a_change_that_no_longer_fits_says_where(repository: Repository) -> None:
    with pytest.raises(ValueError, match=r"main\.py has 0 places with 'nowhere'"):
        repository.replace("shop_backend/main.py", "nowhere", "x")


def test_the_chain_of_the_incident_breaks_where_it_must(repository: Repository) -> None:
    """Each link imports the next; the first line of an import that fails is the one the traceback shows."""
    changes.forget_a_module(repository)
    package = repository.root / "shop_backend"
    links = {
        "main.py": "shop_backend.core.app_factory",
        "core/app_factory.py": "shop_backend.core.unified_error_handler",
        "core/unified_error_handler.py": "shop_backend.schemas.core_enums",
        "schemas/__init__.py": "shop_backend.schemas.llm_config_types",
    }
    for path, imported in links.items():
        assert f"from {imported} import" in (package / path).read_text()
