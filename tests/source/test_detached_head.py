"""git_clean in real clones as CI systems make them: a commit is checked out and no branch."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from deploy_lib.drivers.fact_cache import NoFactCache
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.model.release import Status
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.git_clean import ReadCheckout
from deploy_lib.steps.kind import Verdict
from tests.source.git_repository import FILES, GitRepository, release_of

Judge = Callable[..., Verdict]


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    """main with three commits, feature that left it after the first with one of its own, the tag v1 on the second."""
    made = GitRepository(tmp_path_factory.mktemp("far") / "repository")
    made.commit(FILES)
    made.git("branch", "feature")
    made.commit({"app/models.py": "X = 2\n"})
    made.git("tag", "--annotate", "v1", "-m", "One")
    made.commit({"app/models.py": "X = 3\n"})
    made.git("switch", "--quiet", "feature")
    made.commit({"app/models.py": "X = 4\n"})
    made.git("switch", "--quiet", "main")
    return made


@pytest.fixture
def clone(far: GitRepository, tmp_path: Path) -> Callable[..., GitRepository]:
    def make(*options: str, at: str = "origin/main") -> GitRepository:
        made = GitRepository(tmp_path / "clone")
        made.git("remote", "add", "origin", f"file://{far.root}")
        made.git("fetch", "--quiet", *options, "origin")
        made.git("checkout", "--quiet", "--detach", at)
        return made

    return make


@pytest.fixture
def judge() -> Iterator[Judge]:
    opened: list[GitSource] = []

    def one(place: GitRepository, environment: Mapping[str, str] | None = None, **settings: object) -> Verdict:
        opened.append(GitSource(place.root, NoFactCache(), environment=environment or {}))
        kind = KINDS["git_clean"]
        given = kind.settings.model_validate(settings)
        release = release_of(place.git("rev-parse", "HEAD"))
        return kind.judge(given, release, opened[-1].read_checkout(ReadCheckout(release, given)))

    yield one
    for source in opened:
        source.close()


def test_a_remote_branch_holds_it(clone: Callable[..., GitRepository], judge: Judge) -> None:
    place = clone()
    passed = judge(place, branches=["main"], upstream=True)
    assert (passed.status, "on main (origin/main holds it)" in passed.reason) == (Status.PASSED, True)
    place.git("checkout", "--quiet", "--detach", "origin/main~1")
    assert judge(place, branches=["main"]).status is Status.PASSED
    assert judge(place, branches=["main"], upstream=True).reason == "1 commit behind origin/main"
    place.git("checkout", "--quiet", "--detach", "origin/feature")
    refused = judge(place, branches=["main"])
    assert refused.reason == "branch feature (origin/feature holds it) may not be released here; allowed: main"
    place.commit({"app/models.py": "X = 5\n"})
    assert judge(place, branches=["main"]).reason == "a detached HEAD may not be released here; allowed: main"


def test_a_variable_is_believed_as_far_as_git_does_not_know_better(
    clone: Callable[..., GitRepository], judge: Judge
) -> None:
    place = clone(at="origin/feature")
    says = {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": place.git("rev-parse", "HEAD")}
    refused = judge(place, says, branches=["main"])
    assert "CI_COMMIT_BRANCH says branch main, but origin/main does not hold this commit" in refused.reason
    place.git("checkout", "--quiet", "--detach", "origin/main")
    elsewhere = judge(place, says, branches=["feature"])
    assert "CI_COMMIT_BRANCH says branch main, but of commit" in elsewhere.reason
    believed = judge(place, {"CI_COMMIT_BRANCH": "main"}, branches=["main"], upstream=True)
    assert (believed.status, "on main (by CI_COMMIT_BRANCH)" in believed.reason) == (Status.PASSED, True)
    merge = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "3"}
    assert judge(place, merge, branches=["main"]).reason.startswith("pull request 3 (CI_MERGE_REQUEST_IID) may not")


def test_a_tag(clone: Callable[..., GitRepository], judge: Judge) -> None:
    place = clone(at="v1")
    says = {"GITHUB_REF": "refs/tags/v1", "GITHUB_SHA": place.git("rev-parse", "HEAD")}
    on_main = judge(place, says, branches=["main"], upstream=True)
    assert (on_main.status, "origin/main holds it" in on_main.reason) == (Status.PASSED, True), on_main
    assert judge(place, says, branches=["feature"]).reason == (
        "tag v1 (GITHUB_REF) may not be released here; allowed: feature"
    )
    assert "on refs/tags/v1 (by GITHUB_REF)" in judge(place, says, branches=["refs/tags/v*"]).reason
    place.git("checkout", "--quiet", "--detach", "origin/feature")
    moved = judge(place, {"GITHUB_REF": "refs/tags/v1"}, branches=["refs/tags/v*"])
    assert "GITHUB_REF says tag v1, but tag v1 is another commit" in moved.reason


def test_a_shallow_clone_with_its_branch(clone: Callable[..., GitRepository], judge: Judge) -> None:
    place = clone("--depth=1")
    assert "on main (origin/main holds it)" in judge(place, branches=["main"], upstream=True).reason
    place.git("fetch", "--quiet", "--depth=1", "origin", "+refs/heads/feature:refs/remotes/origin/feature")
    place.git("checkout", "--quiet", "--detach", "origin/feature")
    believed = judge(place, {"BRANCH_NAME": "feature"}, branches=["feature"])
    assert "on feature (by BRANCH_NAME)" in believed.reason


def test_a_shallow_clone_of_an_old_commit(
    clone: Callable[..., GitRepository], far: GitRepository, judge: Judge
) -> None:
    """A job that is run again later: what lies between it and its branch is not in the clone."""
    place = clone("--depth=1")
    place.git("fetch", "--quiet", "--depth=1", "origin", far.git("rev-parse", "main~2"))
    place.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    says = {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": place.git("rev-parse", "HEAD")}
    assert "on main (by CI_COMMIT_BRANCH)" in judge(place, says, branches=["main"]).reason
    unknown = judge(place, says, branches=["main"], upstream=True)
    assert unknown.reason == "this clone does not have origin/main, or too little of it to be in sync with"
    subprocess.run(["bash", "-c", str(unknown.findings[0].fix)], cwd=place.root, check=True, capture_output=True)
    assert judge(place, says, branches=["main"], upstream=True).reason == "2 commits behind origin/main"


def test_a_shallow_clone_of_a_commit_alone(far: GitRepository, tmp_path: Path, judge: Judge) -> None:
    """As Cloud Build and GitHub's checkout fetch it; the remedy is typed."""
    place = GitRepository(tmp_path / "clone")
    place.git("remote", "add", "origin", f"file://{far.root}")
    place.git("fetch", "--quiet", "--depth=1", "origin", far.git("rev-parse", "main"))
    place.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    assert "on main (by BRANCH_NAME)" in judge(place, {"BRANCH_NAME": "main"}, branches=["main"]).reason
    unknown = judge(place, {"BRANCH_NAME": "main"}, branches=["main"], upstream=True)
    assert unknown.reason == "this clone does not have origin/main, or too little of it to be in sync with"
    refused = judge(place, branches=["main"])
    assert "in this shallow clone no allowed branch is seen to hold it" in refused.reason
    fix = refused.findings[0].fix
    assert fix is not None
    subprocess.run(["bash", "-c", fix], cwd=place.root, check=True, capture_output=True)
    assert judge(place, {"BRANCH_NAME": "main"}, branches=["main"], upstream=True).status is Status.PASSED
    assert judge(place, branches=["main"], upstream=True).status is Status.PASSED


def test_a_branch_without_a_configured_upstream(clone: Callable[..., GitRepository], judge: Judge) -> None:
    place = clone()
    place.git("checkout", "--quiet", "-b", "main", "--no-track", "origin/main")
    assert judge(place, upstream=True).status is Status.PASSED
    place.commit({"app/models.py": "X = 6\n"})
    assert judge(place, upstream=True).reason == "1 commit not pushed to origin/main"
    place.git("checkout", "--quiet", "-b", "mine")
    assert judge(place, upstream=True).reason == "the branch has no upstream to be in sync with"


def test_several_remotes(clone: Callable[..., GitRepository], judge: Judge, tmp_path: Path) -> None:
    """A fork's main is not main, where there is an origin."""
    place = clone(at="origin/feature")
    fork = GitRepository(tmp_path / "fork")
    fork.git("fetch", "--quiet", str(place.root), "HEAD")
    fork.git("checkout", "--quiet", "-B", "main", "FETCH_HEAD")
    place.git("remote", "add", "fork", f"file://{fork.root}")
    place.git("fetch", "--quiet", "fork")
    assert "branch feature (origin/feature holds it) may not" in judge(place, branches=["main"]).reason


def test_a_commit_that_is_not_of_the_branch_that_is_checked_out(
    clone: Callable[..., GitRepository], judge: Judge
) -> None:
    place = clone()
    place.git("checkout", "--quiet", "-b", "main", "origin/main")
    kind = KINDS["git_clean"]
    given = kind.settings.model_validate({"branches": ["main"]})
    source = GitSource(place.root, NoFactCache(), environment={})
    told = []
    for name in ("main~1", "origin/feature"):
        release = release_of(place.git("rev-parse", name))
        told.append(kind.judge(given, release, source.read_checkout(ReadCheckout(release, given))))
    source.close()
    assert [each.status for each in told] == [Status.PASSED, Status.FAILED]
    assert "branch feature (origin/feature holds it) may not be released here" in told[1].reason
