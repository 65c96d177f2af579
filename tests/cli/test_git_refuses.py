"""Where git refuses to read a repository, the command says so in git's words and with git's remedy."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.limits import faults, run
from tests.source.git_repository import FILES, GitRepository


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    made = GitRepository(tmp_path_factory.mktemp("git") / "original")
    made.commit(FILES)
    made.commit({"app/models.py": "X = 2\n"})
    return made


@pytest.fixture
def copy(original: GitRepository, tmp_path: Path) -> Path:
    shutil.copytree(original.root, tmp_path / "my copy")
    return tmp_path / "my copy"


def loose(root: Path, name: str) -> Path:
    done = subprocess.run(["git", "rev-parse", name], cwd=root, capture_output=True, text=True, check=True)
    object_id = done.stdout.strip()
    path = root / ".git" / "objects" / object_id[:2] / object_id[2:]
    path.chmod(0o644)
    return path


def broken_config(root: Path) -> None:
    with open(root / ".git" / "config", "a") as file:
        file.write("[core\n")


def newer_format(root: Path) -> None:
    subprocess.run(["git", "config", "core.repositoryformatversion", "9"], cwd=root, check=True)


def worktree_gone(root: Path) -> None:
    shutil.rmtree(root / ".git")
    (root / ".git").write_text("gitdir: /nowhere/.git/worktrees/copy\n")


def no_head(root: Path) -> None:
    (root / ".git" / "HEAD").unlink()


def empty_branch(root: Path) -> None:
    (root / ".git" / "refs" / "heads" / "main").write_text("")


def empty_commit(root: Path) -> None:
    loose(root, "HEAD").write_bytes(b"")


def garbled_commit(root: Path) -> None:
    loose(root, "HEAD").write_bytes(b"garbage")


def commit_gone(root: Path) -> None:
    loose(root, "HEAD").unlink()


def tree_gone(root: Path) -> None:
    loose(root, "HEAD^{tree}").unlink()


def garbled_tree(root: Path) -> None:
    loose(root, "HEAD^{tree}").write_bytes(b"garbage")


def garbled_file(root: Path) -> None:
    loose(root, "HEAD:app/models.py").write_bytes(b"garbage")


def file_gone(root: Path) -> None:
    loose(root, "HEAD:app/models.py").unlink()


Change = Callable[[Path], None]
CASES: tuple[tuple[Change, tuple[str, ...]], ...] = (
    (broken_config, ("bad config line", "correct that line")),
    (newer_format, ("Expected git repo version <= 1, found 9", "a newer git is needed")),
    (worktree_gone, ("/nowhere/.git/worktrees/copy, which is not there", "git worktree repair")),
    (no_head, ("my copy/.git is there, but git does not recognize it", "a fresh clone")),
    (empty_branch, ("refs/heads/main",)),
    (empty_commit, ("is corrupt", "git fsck --full")),
    (garbled_commit, ("is corrupt", "git fsck --full")),
    (commit_gone, ("does not hold the commit", "git fetch --unshallow --refetch")),
    (tree_gone, ("git",)),
    (garbled_tree, ("is damaged", "git fsck --full")),
    (garbled_file, ("is damaged", "git fsck --full")),
    (file_gone, ("does not hold object", "git fetch --unshallow --refetch")),
)


@pytest.mark.parametrize(("change", "told"), CASES, ids=[change.__name__ for change, _ in CASES])
def test_what_git_refuses_to_read(copy: Path, tmp_path: Path, change: Change, told: tuple[str, ...]) -> None:
    change(copy)
    ran = run("check", "--state", str(tmp_path / "state"), cwd=copy)
    assert faults(ran) == [], ran.said
    assert ran.code in (2, 4), ran.said
    assert [part for part in told if part not in ran.err] == [], ran.err
    assert "git init" not in ran.err and "safe.directory" not in ran.err


def test_a_repository_of_someone_else(copy: Path, tmp_path: Path) -> None:
    """The everyday case in a container of a CI, and with sudo; the remedy is typed, and the command then runs."""
    home = tmp_path / "home"
    home.mkdir()
    variables = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / "config")}
    ran = run("check", "--state", str(tmp_path / "state"), cwd=copy, variables=variables)
    assert (ran.code, faults(ran)) == (2, []), ran.said
    assert "detected dubious ownership in repository at" in ran.err and "git init" not in ran.err
    remedy = ran.err.splitlines()[-1].strip()
    subprocess.run(["bash", "-c", remedy], env={**os.environ, **variables}, check=True)
    assert run("check", "--state", str(tmp_path / "state"), cwd=copy, variables=variables).code == 0


def test_a_bare_repository(original: GitRepository, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", "--bare", str(original.root), str(tmp_path / "bare")], check=True)
    ran = run("check", "--repo", str(tmp_path / "bare"), cwd=tmp_path)
    assert (ran.code, faults(ran)) == (2, []), ran.said
    assert "is a bare repository" in ran.err and "git worktree add" in ran.err


def test_a_shallow_clone_lacks_the_commit(original: GitRepository, tmp_path: Path) -> None:
    first = original.git("rev-parse", "HEAD~1")
    far = f"file://{original.root}"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", far, str(tmp_path / "shallow")], check=True)
    ran = run("check", "--commit", first, cwd=tmp_path / "shallow")
    assert (ran.code, faults(ran)) == (2, []), ran.said
    assert "there is no such commit" in ran.err and "which is a shallow clone: git fetch --unshallow" in ran.err


def test_variables_of_a_git_hook_name_no_other_repository(copy: Path, original: GitRepository, tmp_path: Path) -> None:
    variables = {"GIT_DIR": str(tmp_path / "nowhere"), "GIT_WORK_TREE": str(original.root)}
    ran = run("check", "--state", str(tmp_path / "state"), cwd=copy, variables=variables)
    assert ran.code == 0, ran.said


def test_no_repository_at_all(tmp_path: Path) -> None:
    ran = run("check", cwd=tmp_path)
    assert (ran.code, faults(ran)) == (2, []), ran.said
    assert "is in no git repository" in ran.err and "git init" in ran.err
