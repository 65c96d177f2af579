"""Real repositories in every state people leave them in, read as a run reads them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.drivers.source.git import Git
from deploy_lib.drivers.source.history import FileHistory
from deploy_lib.model.answers import Change
from deploy_lib.model.service import BuildSource
from deploy_lib.source.model import DiskFile, PastFile, Rule
from deploy_lib.steps.git_clean import GitCleanSettings, ReadCheckout
from deploy_lib.steps.image_contents import ReadSource
from tests.source.git_repository import FILES, GitRepository, release_of

Open = Callable[[Path], GitSource]


def changes(source: GitSource, place: GitRepository, build: BuildSource | None = None) -> dict[str, Change]:
    read = source.read_checkout(ReadCheckout(release_of(place.git("rev-parse", "HEAD"), build)))
    return {change.path: change for change in read.changes}


def test_a_clean_checkout_differs_in_nothing(place: GitRepository, open_source: Open) -> None:
    read = open_source(place.root).read_checkout(ReadCheckout(release_of(place.git("rev-parse", "HEAD"))))
    assert (read.branch, read.changes, read.upstream) == ("main", (), None)
    assert read.head == read.commit


def test_every_kind_of_change_is_named_and_weighed(place: GitRepository, open_source: Open) -> None:
    place.commit({"app/old.py": "", "app/gone.py": "", "docs/a.md": "", ".dockerignore": "docs\n"})
    place.write({"app/models.py": "X = 2\n", "app/new.py": "", "app/llm_config_types.py": "", "docs/b.md": ""})
    place.write({"app/staged.py": "", "trace.log": ""})
    (place.root / "app/gone.py").unlink()
    place.git("mv", "app/old.py", "app/moved.py")
    place.git("add", "app/staged.py")
    found = changes(open_source(place.root), place)
    assert {path: (each.kind, each.in_context, each.in_image) for path, each in found.items()} == {
        "app/gone.py": ("deleted", True, True),
        "app/llm_config_types.py": ("ignored", True, True),
        "app/models.py": ("modified", True, True),
        "app/moved.py": ("staged", True, True),
        "app/new.py": ("untracked", True, True),
        "app/old.py": ("deleted", True, True),
        "app/staged.py": ("staged", True, True),
        "docs/b.md": ("untracked", False, False),
        "trace.log": ("ignored", True, False),
    }
    assert found["app/llm_config_types.py"].rule == ".gitignore:2"


def test_imported_says_what_the_code_imports_from_the_disk(place: GitRepository, open_source: Open) -> None:
    place.commit({"app/main.py": "from app import models, llm_config_types\nimport app.generated.pb\n"})
    place.write({"app/llm_config_types.py": "", "app/models.py": "X = 3\n", "app/unused.py": ""})
    place.write({"app/.gitignore": "generated/\n", "app/generated/pb.py": "", "app/generated/other.py": ""})
    found = changes(open_source(place.root), place)
    assert {path: each.imported for path, each in found.items()} == {
        "app/.gitignore": False,
        "app/generated/": False,
        "app/generated/pb.py": True,
        "app/llm_config_types.py": True,
        "app/models.py": True,
        "app/unused.py": False,
    }


def test_python_leavings_and_environments_cost_nothing(place: GitRepository, open_source: Open) -> None:
    place.write({".gitignore": ".venv/\n__pycache__/\n*.pyc\n", ".venv/pyvenv.cfg": "", ".venv/lib/x.py": ""})
    place.git("commit", "--quiet", "-am", "Ignore")
    place.write({"app/__pycache__/main.cpython-311.pyc": "", "app/stale.pyc": ""})
    found = changes(open_source(place.root), place)
    assert {path: each.imported for path, each in found.items()} == {".venv/": False}


def test_what_lies_outside_the_context_is_not_in_it(place: GitRepository, open_source: Open) -> None:
    place.commit({"api/Dockerfile": "FROM scratch\nCOPY . /\n", "api/a.py": ""})
    place.write({"api/b.py": "", "web/c.js": ""})
    found = changes(open_source(place.root), place, BuildSource("api", "api/Dockerfile"))
    assert {path: each.in_context for path, each in found.items()} == {"api/b.py": True, "web/c.js": False}


def test_another_commit_than_the_one_checked_out_is_released_as_it_is(place: GitRepository, open_source: Open) -> None:
    first = place.git("rev-parse", "HEAD")
    place.commit({"app/models.py": "X = 5\n"})
    place.write({"app/models.py": "X = 6\n"})
    source = open_source(place.root)
    assert source.read_checkout(ReadCheckout(release_of(first))).changes == ()
    staged = source.stage(release_of(first), True)
    assert dict(staged.read_many(["app/models.py"])) == {"app/models.py": FILES["app/models.py"].encode()}


def test_the_branch_beside_its_upstream(place: GitRepository, open_source: Open, tmp_path: Path) -> None:
    place.git("init", "--quiet", "--bare", str(tmp_path / "far"))
    place.git("remote", "add", "origin", str(tmp_path / "far"))
    place.git("push", "--quiet", "--set-upstream", "origin", "main")
    head = place.commit()
    read = open_source(place.root).read_checkout(ReadCheckout(release_of(head), GitCleanSettings(upstream=True)))
    assert (read.upstream, read.ahead, read.behind) == ("origin/main", 1, 0)
    place.git("checkout", "--quiet", "--detach")
    assert open_source(place.root).read_checkout(ReadCheckout(release_of(head))).branch is None


def test_source_is_read_with_its_figures(place: GitRepository, open_source: Open) -> None:
    release = release_of(place.git("rev-parse", "HEAD"))
    read = open_source(place.root).read_source(ReadSource(release))
    assert (read.findings, read.entrypoint, read.image_files, read.closure_modules) == ((), "app.main:app", 3, 3)
    assert read.summary.base == "python:3.11-slim"
    assert [[file.path, file.size, file.blob] for file in read.summary.manifest] == [
        ["/srv/app/__init__.py", 0, place.git("rev-parse", "HEAD:app/__init__.py")],
        ["/srv/app/main.py", 37, place.git("rev-parse", "HEAD:app/main.py")],
        ["/srv/app/models.py", 6, place.git("rev-parse", "HEAD:app/models.py")],
    ]


def test_the_disk_can_be_staged_as_if_it_were_committed(place: GitRepository, open_source: Open) -> None:
    place.write({"app/new.py": "N = 1\n", "app/models.py": "X = 9\n", "app/llm_config_types.py": ""})
    (place.root / "app/main.py").unlink()
    staged = open_source(place.root).stage_worktree(BuildSource(), True)
    assert sorted(staged.contents.files.values()) == ["app/__init__.py", "app/models.py", "app/new.py"]
    assert dict(staged.read_many(["app/models.py", "app/new.py"])) == {
        "app/models.py": b"X = 9\n",
        "app/new.py": b"N = 1\n",
    }
    assert staged.context.files["app/new.py"].blob == place.git("hash-object", "app/new.py")


def test_generated_files_come_from_the_disk_when_the_configuration_includes_them(
    place: GitRepository, open_source: Open
) -> None:
    place.commit({".gcloudignore": "#!include:.gitignore\n", "Dockerfile": "FROM scratch\nCOPY generated /g\n"})
    place.write({"generated/pb/a.py": "A = 1\n", "generated/note.txt": ""})
    build = BuildSource(include=("generated/**/*.py",))
    staged = open_source(place.root).stage(release_of(place.git("rev-parse", "HEAD"), build), True)
    assert dict(staged.contents.files) == {"/g/pb/a.py": "generated/pb/a.py"}
    assert dict(staged.read_many(["generated/pb/a.py"])) == {"generated/pb/a.py": b"A = 1\n"}


@pytest.mark.parametrize("pattern", ["../x", "/etc/passwd", "a/../../x"])
def test_includes_cannot_leave_the_repository(place: GitRepository, open_source: Open, pattern: str) -> None:
    with pytest.raises(DriverError, match="leaves the repository"):
        open_source(place.root).stage_commit("HEAD", BuildSource(include=(pattern,)), True)


def test_a_link_out_of_the_repository_is_not_followed(place: GitRepository, open_source: Open, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("S = 1\n")
    (place.root / "link.py").symlink_to(tmp_path / "secret.py")
    source = open_source(place.root)
    staged = source.stage_commit(place.git("rev-parse", "HEAD"), BuildSource(include=("*.py",)), True)
    assert "link.py" not in staged.context.files
    staged = source.stage_worktree(BuildSource(), True)
    assert dict(staged.read_many(["link.py"])) == {"link.py": os.fsencode(tmp_path / "secret.py")}


@pytest.mark.parametrize("build", [BuildSource(context="../x"), BuildSource(dockerfile="/etc/Dockerfile")])
def test_paths_of_the_configuration_cannot_leave_the_repository(
    place: GitRepository, open_source: Open, build: BuildSource
) -> None:
    with pytest.raises(DriverError, match="lies outside the repository"):
        open_source(place.root).stage_commit("HEAD", build, True)


def test_odd_names_survive(place: GitRepository, open_source: Open) -> None:
    names = ["app/mit leer.py", 'app/"quoted".py', "app/neu\nzeile.py", "app/é.py", "app/tab\t.py"]
    head = place.commit(dict.fromkeys(names, "x = 1\n"))
    raw = os.fsencode(place.root) + b"/app/\xff.py"
    with open(raw, "wb") as file:
        file.write(b"y = 1\n")
    source = open_source(place.root)
    staged = source.stage_commit(head, BuildSource(), True)
    assert {f"/srv/{name}" for name in names} <= set(staged.contents.files)
    assert list(changes(source, place)) == ["app/\udcff.py"]


def test_an_absence_is_explained_by_disk_and_history(place: GitRepository, open_source: Open) -> None:
    held = place.commit({"app/old.py": ""})
    place.git("rm", "--quiet", "app/old.py")
    head = place.commit(message="Drop the old one")
    place.git("checkout", "--quiet", "-b", "other")
    elsewhere = place.commit({"app/late.py": ""}, "Add it there")
    place.git("checkout", "--quiet", "main")
    place.write({"generated/deep/a.py": "", "app/new.py": "", "app/llm_config.py": ""})
    around = open_source(place.root).missing_file_context(head)
    assert around.in_history("app/old.py") == PastFile(held, True, "Drop the old one", head)
    assert around.in_history("app/late.py") == PastFile(elsewhere, False, "Add it there")
    assert around.in_history("app/never.py") is None
    assert around.history_is_whole()
    assert around.disk["app/new.py"] == DiskFile("app/new.py", "untracked")
    assert around.disk["app/llm_config.py"].rule == Rule(".gitignore", 2, "llm_config*", "gitignored")
    assert around.disk["generated/deep/a.py"].rule == Rule(".gitignore", 3, "/generated/", "gitignored")
    assert "generated/deep/b.py" not in around.disk
    assert "app/main.py" not in around.disk


def test_all_paths_are_looked_for_at_once_and_no_longer_than_time_allows(place: GitRepository) -> None:
    names = [f"app/old_{number}.py" for number in range(20)]
    held = place.commit(dict.fromkeys(names, ""))
    place.git("rm", "--quiet", *names)
    head = place.commit(message="Drop them")
    past = FileHistory(Git(place.root), head)
    past.expect([*names, "app/never.py"])
    shutil.rmtree(place.root / ".git")  # nothing is asked again
    assert [past.find(name) for name in names] == [PastFile(held, True, "Drop them", head)] * 20
    assert (past.find("app/never.py"), past.complete) == (None, True)
    late = FileHistory(Git(place.root), head, budget=0)
    assert (late.find("app/old_1.py"), late.complete) == (None, False)


def test_what_the_last_commits_held_is_known_without_a_walk_through_history(place: GitRepository) -> None:
    place.commit({"orders.py": "", "old.py": "", "requirements.txt": "flask\n"})
    place.git("rm", "--quiet", "old.py")
    place.commit({"requirements.txt": "flask\nshop-lib\n"})
    place.git("rm", "--quiet", "orders.py")
    past = FileHistory(Git(place.root), place.commit(message="Drop it"))
    assert past.held_lately(["lost.py", "orders.py"], ["requirements.txt"])
    assert past.held_lately(["old.py"], []) and not past.held_lately(["old.py"], ["requirements.txt"])
    assert not past.held_lately(["never.py"], []) and not past.held_lately([], ["requirements.txt"])


def test_rules_are_found_wherever_git_keeps_them(place: GitRepository, open_source: Open) -> None:
    place.commit({"app/.gitignore": "# nested\nlocal_*\n"})
    place.write({".git/info/exclude": "mine.py\n", "app/local_a.py": "", "app/mine.py": ""})
    disk = open_source(place.root).missing_file_context("HEAD").disk
    assert str(disk["app/local_a.py"].rule) == "app/.gitignore:2"
    assert str(disk["app/mine.py"].rule) == ".git/info/exclude:1"


def test_a_submodule_is_pointed_out(place: GitRepository, open_source: Open, tmp_path: Path) -> None:
    other = GitRepository(tmp_path / "other")
    other.commit({"lib.py": ""})
    place.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "vendor/other")
    head = place.commit()
    staged = open_source(place.root).stage_commit(head, BuildSource(), True)
    assert [(each.code, each.file) for each in staged.context.findings] == [("submodule", "vendor/other")]
    assert "vendor/other" not in staged.context.files


def test_a_sparse_checkout_releases_the_whole_commit(place: GitRepository, open_source: Open) -> None:
    head = place.commit({"wide/a.py": ""})
    place.git("sparse-checkout", "set", "app")
    source = open_source(place.root)
    assert "wide/a.py" in source.stage_commit(head, BuildSource(), True).context.files
    assert changes(source, place) == {}


def test_no_repository(tmp_path: Path, open_source: Open) -> None:
    with pytest.raises(DriverError, match="is in no git repository") as caught:
        open_source(tmp_path).stage_commit("HEAD", BuildSource(), True)
    assert "git init" in caught.value.remedy


def test_no_commit_of_that_name(place: GitRepository, open_source: Open) -> None:
    with pytest.raises(DriverError, match="no commit nowhere"):
        open_source(place.root).stage_commit("nowhere", BuildSource(), True)


def test_a_repository_without_a_commit(tmp_path: Path, open_source: Open) -> None:
    empty = GitRepository(tmp_path / "empty")
    with pytest.raises(DriverError, match="no commit yet"):
        open_source(empty.root).stage_worktree(BuildSource(), True)


def test_an_object_that_is_not_there(place: GitRepository, open_source: Open) -> None:
    blob = place.git("rev-parse", "HEAD:app/models.py")
    (place.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    source = open_source(place.root)
    staged = source.stage_commit("HEAD", BuildSource(), True)
    with pytest.raises(DriverError, match=blob) as caught:
        list(staged.read_many(["app/models.py"]))
    assert "git fetch" in caught.value.remedy
    # The process that was asked owes an answer to nobody: the next question is answered.
    assert dict(staged.read_many(["app/main.py"])) == {"app/main.py": FILES["app/main.py"].encode()}


def test_many_files_come_in_order_and_an_abandoned_reading_harms_nobody(
    place: GitRepository, open_source: Open
) -> None:
    texts = {f"app/many/m{number:03}.py": f"N = {number}\n" * 50 for number in range(410)}
    head = place.commit(texts)
    staged = open_source(place.root).stage_commit(head, BuildSource(), True)
    first = staged.read_many(texts)
    assert next(first) == ("app/many/m000.py", texts["app/many/m000.py"].encode())
    del first
    both = zip(staged.read_many(texts), staged.read_many(reversed(list(texts))), strict=True)
    read = [(left, right) for left, right in both]
    assert [left for left, _ in read] == [(path, text.encode()) for path, text in texts.items()]
    assert [right for _, right in read] == [(path, text.encode()) for path, text in reversed(texts.items())]


def test_closing_ends_the_process(place: GitRepository, open_source: Open) -> None:
    source = open_source(place.root)
    list(source.stage_commit("HEAD", BuildSource(), True).read_many(["app/main.py"]))
    source.close()
    running = subprocess.run(["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True).stdout
    assert "cat-file" not in running


def test_a_file_that_changes_nothing_for_git_is_no_change(place: GitRepository, open_source: Open) -> None:
    """A touched file has another time and the same content; git looks at the content."""
    (place.root / "app/main.py").touch()
    assert changes(open_source(place.root), place) == {}


def test_a_shallow_clone_is_enough(place: GitRepository, open_source: Open, tmp_path: Path) -> None:
    head = place.commit({"app/models.py": "X = 4\n"})
    place.git("clone", "--quiet", "--depth=1", place.root.as_uri(), str(tmp_path / "shallow"))
    source = open_source(tmp_path / "shallow")
    staged = source.stage_commit(head, BuildSource(), True)
    assert dict(staged.read_many(["app/models.py"])) == {"app/models.py": b"X = 4\n"}
    assert source.missing_file_context(head).in_history("app/never.py") is None


def test_a_partial_clone_that_lost_its_origin_says_what_is_missing(
    place: GitRepository, open_source: Open, tmp_path: Path
) -> None:
    place.git("config", "uploadpack.allowFilter", "true")
    place.git("clone", "--quiet", "--filter=blob:none", "--no-checkout", place.root.as_uri(), str(tmp_path / "part"))
    place.root.rename(tmp_path / "moved")
    with pytest.raises(DriverError, match=r"does not hold object|could not read an object") as caught:
        open_source(tmp_path / "part").stage_commit("HEAD", BuildSource(), True)
    assert "partial or shallow" in caught.value.remedy
