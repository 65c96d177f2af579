"""Builds by an engine of this machine: the same answers, and nothing pushed that does not import."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from deploy_lib.drivers.builds.image_cache import CachedImage, ImageCache
from deploy_lib.drivers.builds.staging import write_context
from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.model.image import BuiltImage
from deploy_lib.model.requests import ImportCheck
from deploy_lib.source.model import EXECUTABLE, SYMLINK
from tests.drivers.builds.conftest import BuildHarness
from tests.drivers.builds.samples import APP, COMMIT, DOCKERFILE, beside_the_context, stage_files

HERE = "namespaces"
BROKEN = {
    "missing_module": {"shop/main.py": "import shop.gone\n"},
    "missing_name": {"shop/main.py": "from shop.orders import nothing\n"},
    "missing_dependency": {"shop/main.py": "import httpx\n"},
    "wrong_version": {"shop/main.py": "from pip import no_such_name\n"},
    "missing_shared_library": {"shop/main.py": "import ctypes\nctypes.CDLL('libgone.so.1')\n"},
    "syntax_error": {"shop/orders.py": "def total(:\n"},
    "circular_import": {"shop/main.py": "from shop.a import x\n", "shop/a.py": "from shop.b import y\nx = 1\n",
                        "shop/b.py": "from shop.a import x\ny = 1\n"},
    "exit": {"shop/main.py": "import sys\nsys.exit(4)\n"},
    "hang": {"shop/main.py": "while True: pass\n"},
    "environment_variable": {"shop/main.py": "import os\nos.environ['DB_URL']\n"},
}  # fmt: skip


def test_cloud_and_machine_make_the_same_image(harness: BuildHarness) -> None:
    cloud = harness.build(stage_files(APP))
    here = harness.build(stage_files(APP), builder=HERE)
    assert here.image == cloud.image
    assert here.context_hash == cloud.context_hash
    assert here.checked and cloud.checked and here.checked.verdict == cloud.checked.verdict
    assert harness.pushed("r-1") and not harness.pushed(COMMIT), "a tag that is pushed again cannot be immutable"
    assert replace(here.contents, builder=None, stand_in=None) == cloud.contents


@pytest.mark.slow
def test_a_dockerfile_beside_its_context_makes_the_same_image_everywhere(harness: BuildHarness) -> None:
    here = harness.build(beside_the_context(), builder=HERE)
    assert here.image and here.image == harness.build(beside_the_context()).image


def test_the_same_commit_gives_the_same_digest_and_is_not_built_twice(harness: BuildHarness) -> None:
    first = harness.build(stage_files(APP), builder=HERE)
    found = harness.build(stage_files(APP), harness.release("r-2"), builder=HERE)
    assert found.reused and found.image == first.image and found.contents == first.contents
    assert found.checked and found.checked.targets == 1
    again = harness.build(stage_files(APP), harness.release("r-3"), builder=HERE, rebuild=True)
    assert not again.reused and again.image == first.image


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_images_are_told_apart_and_never_pushed(harness: BuildHarness, kind: str) -> None:
    check = ImportCheck(entrypoint="shop.main", timeout=1.0)
    built = harness.build(stage_files({**APP, **BROKEN[kind]}), builder=HERE, check=check)
    assert built.image is None and not harness.pushed("r-1")
    assert built.checked and built.checked.ran
    assert built.checked.findings[0].code == ("missing_name" if kind == "wrong_version" else kind)


@pytest.mark.slow
def test_pips_own_words_are_the_reason(harness: BuildHarness) -> None:
    staged = stage_files({**APP, "Dockerfile": DOCKERFILE + "RUN pip install --no-index nothing-like-this==1.2\n"})
    built = harness.build(staged, builder=HERE)
    assert built.image is None and built.trouble
    assert built.trouble.detail.startswith("Dockerfile line 4: RUN")
    assert "No matching distribution found for nothing-like-this==1.2" in built.trouble.detail


@pytest.mark.parametrize(
    ("dockerfile", "says"),
    [
        ("FROM python:3.11-slim\nCOPY nowhere/ /app/\n", "nowhere"),
        ("FROM nobody/nothing:1\n", "nobody/nothing:1"),
        ("FORM python:3.11-slim\n", "FORM"),
        ("", "Dockerfile"),
    ],
)
def test_a_dockerfile_that_cannot_be_carried_out_says_where(harness: BuildHarness, dockerfile: str, says: str) -> None:
    built = harness.build(stage_files({**APP, "Dockerfile": dockerfile}), builder=HERE)
    assert built.image is None and built.trouble and says in built.trouble.detail


def test_interrupting_ends_the_build_and_leaves_nothing(harness: BuildHarness) -> None:
    staged = stage_files({**APP, "Dockerfile": DOCKERFILE + "RUN echo now-$$; sleep 51\n"})

    def stop(line: str) -> None:
        if "now-" in line and "RUN" not in line:
            harness.clock.stop("SIGINT")

    harness.tell = stop  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        harness.build(staged, builder=HERE)
    assert not harness.pushed("r-1")
    assert not _running("sleep", "51")


def test_interrupting_the_check_ends_its_container(harness: BuildHarness) -> None:
    staged = stage_files({**APP, "shop/main.py": "print('up', flush=True)\nimport time\ntime.sleep(52)\n"})
    harness.tell = lambda line: harness.clock.stop("SIGINT") if line.endswith(": up") else None  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        harness.build(staged, builder=HERE)
    assert not harness.pushed("r-1")


def test_a_build_that_takes_too_long_is_ended(harness: BuildHarness) -> None:
    staged = stage_files({**APP, "Dockerfile": DOCKERFILE + "RUN sleep 53\n"})
    built = harness.build(staged, builder=HERE, timeout=1.0)
    assert built.trouble and built.trouble.status == "TIMEOUT"
    assert not _running("sleep", "53")


def test_a_registry_that_is_gone_is_an_error_with_a_remedy(harness: BuildHarness) -> None:
    harness.clients.endpoints = type(harness.clients.endpoints)(harness.cloud.grpc, harness.cloud.http, "127.0.0.1:1")
    with pytest.raises(DriverError, match="could not be pushed") as refused:
        harness.build(stage_files(APP), builder=HERE)
    assert refused.value.remedy


def test_an_image_this_machine_does_not_have_is_not_checked_and_says_why(harness: BuildHarness) -> None:
    built = harness.build(stage_files(APP))
    other = BuildHarness(harness.cloud, harness.project, harness.state, harness.state / "another-store")
    checked = other.check(stage_files(APP), built, builder=HERE)
    assert not checked.ran and "cloud_build" in checked.why_not


def test_a_context_is_written_with_gits_modes_and_never_outside(tmp_path: Path) -> None:
    root = tmp_path / "context"
    root.mkdir()
    files = {"run.sh": "x", "shop/main.py": "y", "current": "shop/main.py"}
    write_context(stage_files(files, modes={"run.sh": EXECUTABLE, "current": SYMLINK}), root)
    assert (root / "current").read_text() == "y" and (root / "current").is_symlink()
    assert [(root / name).stat().st_mode & 0o777 for name in ("run.sh", "shop/main.py")] == [0o755, 0o644]
    assert (root / "shop").stat().st_mtime == (root / "run.sh").stat().st_mtime == 315_619_200
    for path in ("../out", "a/../../out", "/tmp/out"):
        with pytest.raises(DriverError, match="leads out"):
            write_context(stage_files({path: "x"}), root)
    (tmp_path / "other").mkdir()
    with pytest.raises(DriverError):
        write_context(stage_files({"a": "/etc", "a/b": "x"}, modes={"a": SYMLINK}), tmp_path / "other")


def test_what_was_built_is_remembered_whole_or_not_at_all(tmp_path: Path) -> None:
    known = ImageCache(tmp_path / "builds")
    image = CachedImage("host/p/backend@sha256:1", "podman", BuiltImage("python:3.11-slim"))
    assert known.find("host/p/backend", "c0ffee") is None
    threads = [threading.Thread(target=known.keep, args=("host/p/backend", "c0ffee", image)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert known.find("host/p/backend", "c0ffee") == image
    assert known.find("host/p/other", "c0ffee") is None
    (file,) = (tmp_path / "builds").rglob("*.json")
    for damaged in ('{"image": 3}', "{", '{"image": "other@sha256:1", "builder": "x"}'):
        file.write_text(damaged)
        assert known.find("host/p/backend", "c0ffee") is None


def _running(*words: str) -> bool:
    wanted = "\0".join(words).encode()
    for process in Path("/proc").iterdir():
        with suppress(OSError):  # it ended meanwhile
            if wanted in (process / "cmdline").read_bytes():
                return True
    return False
