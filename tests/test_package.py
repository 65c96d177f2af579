"""The package that is built of this checkout: what it holds, what it asks for, and the command that it brings."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy_lib.drivers.builds.staging import write_build
from deploy_lib.drivers.fact_cache import NoFactCache
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import BuildSpec, EngineUnavailable, RunSpec
from deploy_lib.model.service import BuildSource
from tests.engine_store import shared_store
from tests.test_requirements import LOCAL, RELEASE, read
from tests.waits import WITHIN

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, so that nothing of a working copy comes along and the commit is known."""
    place = tmp_path_factory.mktemp("package") / "checkout"
    git("clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(place))
    return place


@pytest.fixture(scope="module")
def built(checkout: Path) -> dict[str, Path]:
    return {kind: build(checkout, kind) for kind in ("wheel", "sdist")}


def build(checkout: Path, kind: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True)
    (made,) = checkout.glob("dist/*.whl" if kind == "wheel" else "dist/*.tar.gz")
    return made


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def text_of(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(each for each in archive.namelist() if each.endswith(name))).decode()


def test_nothing_but_the_tool_is_put_beside_an_application(built: dict[str, Path]) -> None:
    tops = {name.partition("/")[0] for name in names_in(built["wheel"])}
    assert {top.partition("-")[0] for top in tops} == {"deploy_lib", "deploy_to_gcp"}
    kept = {path.relative_to(ROOT).as_posix() for path in tracked("deploy_lib")}
    assert kept <= {*names_in(built["wheel"])}


def tracked(directory: str) -> list[Path]:
    return [ROOT / line for line in git("-C", str(ROOT), "ls-files", directory).splitlines() if (ROOT / line).is_file()]


def test_it_asks_for_what_a_release_needs_and_the_local_cloud_is_extra(built: dict[str, Path]) -> None:
    asked = [
        Requirement(each) for each in Parser().parsestr(text_of(built["wheel"], "METADATA")).get_all("Requires-Dist")
    ]
    for extra, file in ((None, RELEASE), ("local", LOCAL)):
        of_it = [each for each in asked if (each.marker is None) == (extra is None)]
        exact = read(file)
        assert of_it and all(str(canonicalize_name(each.name)) in exact for each in of_it)
        for each in of_it:
            version = str(exact[str(canonicalize_name(each.name))].specifier).removeprefix("==")
            assert each.specifier.contains(version), f"{each} leaves out the version that is tested"


def test_it_knows_its_commit_also_by_way_of_the_source_package(
    checkout: Path, built: dict[str, Path], tmp_path: Path
) -> None:
    commit = git("-C", str(checkout), "rev-parse", "HEAD")
    assert text_of(built["wheel"], "deploy_lib/commit.txt").strip() == commit
    shutil.unpack_archive(built["sdist"], tmp_path)
    (unpacked,) = tmp_path.iterdir()
    again = build(unpacked, "wheel")
    assert text_of(again, "deploy_lib/commit.txt").strip() == commit
    assert names_in(again) == names_in(built["wheel"])


@pytest.fixture(scope="module")
def command(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pip installs it, with the libraries of this environment."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, with_pip=True)
    scripts = place / ("Scripts" if sys.platform == "win32" else "bin")
    installing = [str(scripts / "python"), "-m", "pip", "install", "--no-deps", "--no-index", "-q", str(built["wheel"])]
    subprocess.run(installing, check=True, capture_output=True)
    (packages,) = place.glob("lib/python3*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return scripts / "deploy-to-gcp"


def run(command: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = f"{command.parent}:/usr/local/bin:/usr/bin:/bin"
    environment = {"PATH": path, "HOME": str(cwd), "DEPLOY_STATE_DIR": str(cwd.parent / "state")}
    return subprocess.run(
        [command.name, *words], cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "shop"
    git("init", "--quiet", str(place))
    for name, text in {
        "Dockerfile": "FROM python:3.11-slim\nCOPY app.py lacking.py ./\nCMD python app.py\n",
        "app.py": "import lacking\n",
        ".gitignore": "lacking.py\n",
        "lacking.py": "",
    }.items():
        (place / name).write_text(text)
    git("-C", str(place), "add", ".")
    git("-C", str(place), "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "one")
    return place


@pytest.mark.slow
def test_the_command_speaks_of_itself_as_it_is_typed(command: Path, repository: Path) -> None:
    helped = run(command, "--help", cwd=repository)
    assert helped.returncode == 0 and helped.stdout.startswith("usage: deploy-to-gcp [-h]"), helped.stderr
    assert "deploy_to_gcp.py" not in helped.stdout
    checked = run(command, "check", cwd=repository)
    assert checked.returncode == 1 and "lacking" in checked.stdout, checked.stdout + checked.stderr


@pytest.mark.slow
def test_in_a_repository_without_configuration_it_says_who_writes_one(command: Path, repository: Path) -> None:
    """And offers no project of anybody else."""
    for words in (("plan", "--project", "shop-staging"), ("deploy", "--local"), ("deploy",)):
        told = run(command, *words, cwd=repository)
        assert told.returncode == 2 and "init writes one: deploy-to-gcp init" in told.stderr, told.stderr
        assert "netra" not in told.stderr and "Traceback" not in told.stderr


@pytest.mark.slow
def test_the_first_ten_minutes(command: Path, repository: Path) -> None:
    """In a repository of one's own: the file is written of what is there, and the service is live on this machine."""
    (repository / "app.py").write_text(SERVER)
    (repository / "Dockerfile").write_text("FROM python:3.11-slim\nCOPY app.py ./\nCMD python app.py\n")
    written = run(command, "init", "--local", cwd=repository)
    assert written.returncode == 0 and "plan --config config/local.yaml --service shop" in written.stdout, (
        written.stderr
    )
    git("-C", str(repository), "add", ".")
    git("-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "two")
    try:
        checked = run(command, "check", cwd=repository)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        released = run(command, "deploy", "--local", cwd=repository)
        assert released.returncode == 0, released.stdout + released.stderr
        assert released.stdout.splitlines()[-1].startswith("serving: shop-"), released.stdout
    finally:
        run(command, "local", "down", cwd=repository)


SERVER = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.mark.slow
def test_the_image_holds_the_command(checkout: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Built as by `docker build .`, of what .dockerignore leaves, and given a repository to check."""
    try:
        engine = choose("namespaces", shared_store(tmp_path_factory))
    except EngineUnavailable as error:
        pytest.skip(f"{error.reason}; {error.remedy}")
    git_source = GitSource(checkout, NoFactCache())
    try:
        staged = git_source.stage_commit(git("-C", str(checkout), "rev-parse", "HEAD"), BuildSource(), False)
        image = engine.build(BuildSpec(*write_build(staged, tmp_path)), lambda line: None, lambda: False)
    finally:
        git_source.close()
    container = engine.run(RunSpec(image.digest, command=("--version",), network=False))
    assert container.wait(WITHIN) == 0
    assert container.stdout.read().decode().startswith("deploy-to-gcp 0.1.0")
    held = {entry.path for entry in engine.files(image.digest)}
    assert not {path for path in held if path.startswith(("/source/", "/tmp/")) or "/pytest/" in path}
