"""The copy of a commit that a build is handed: it passes git_clean as the working copy did, and has nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_lib.drivers.fact_cache import NoFactCache
from deploy_lib.drivers.source.commit_copy import commit_copy
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.drivers.source.git import Git
from deploy_lib.model.release import Status
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.git_clean import ReadCheckout
from tests.source.git_repository import FILES, GitRepository, release_of


@pytest.mark.parametrize(
    ("branch", "upstream", "settings"),
    [
        ("main", "origin/main", {"branches": ["main"], "upstream": True}),
        ("feature/x", "fork/y", {"branches": ["feature/*"], "upstream": True}),
        ("refs/tags/v1", "origin/main", {"branches": ["refs/tags/v*"], "upstream": True}),
        (None, None, {}),
    ],
)
def test_a_commit_without_its_history(
    tmp_path: Path, branch: str | None, upstream: str | None, settings: dict[str, object]
) -> None:
    made = GitRepository(tmp_path / "made")
    made.commit(FILES)
    commit = made.commit({"app/models.py": "X = 2\n"})
    made.write({"generated/data.json": "{}", "app/more.py": "not handed over"})
    found = commit_copy(Git(made.root), commit, branch, upstream, ["generated/data.json"])
    assert found == commit_copy(Git(made.root), commit, branch, upstream, ["generated/data.json"]), "byte for byte"
    copy = GitRepository(tmp_path / "copy")
    for path, content in found.files.items():
        (copy.root / path).parent.mkdir(parents=True, exist_ok=True)
        (copy.root / path).write_bytes(content)
    copy.git("reset", "--quiet", "--hard")
    assert (copy.git("rev-parse", "HEAD"), copy.git("rev-list", "--count", "HEAD")) == (commit, "1")
    assert copy.git("status", "--porcelain") == "", "what is generated is ignored"
    assert (copy.root / "generated/data.json").read_text() == "{}"
    source, kind, release = (
        GitSource(copy.root, NoFactCache(), environment=found.environment),
        KINDS["git_clean"],
        release_of(commit),
    )
    given = kind.settings.model_validate(settings)
    verdict = kind.judge(given, release, source.read_checkout(ReadCheckout(release, given)))
    source.close()
    assert verdict.status is Status.PASSED, verdict.reason
