"""What a release needs is installed without the local cloud's packages; these follow when a local cloud is started."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.forked import COMMAND
from tests.waits import WITHIN

UV = """#!{python}
import pathlib, sys
pathlib.Path({venv!r}, "asked").write_text(" ".join(sys.argv[1:]))
pathlib.Path({packages!r}, "aiohttp").symlink_to({aiohttp!r})
"""


@dataclass
class Environment:
    """One that holds every package but aiohttp, and a `uv` that adds it."""

    venv: Path
    bin: Path

    def run(self, *words: str, **variables: str) -> tuple[int, str]:
        environment = {**os.environ, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", **variables}
        environment.pop("PYTHONPATH", None)
        line = [str(self.venv / "bin" / "python"), str(COMMAND), *words, "--state", str(self.venv / "state")]
        done = subprocess.run(line, capture_output=True, text=True, timeout=WITHIN, env=environment)
        return done.returncode, done.stderr


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    venv, packages, bin = tmp_path / "venv", tmp_path / "packages", tmp_path / "bin"
    for directory in (packages, bin):
        directory.mkdir()
    theirs = Path(site.getsitepackages()[0])
    for each in theirs.iterdir():
        if each.name != "aiohttp" and each.suffix != ".pth":
            (packages / each.name).symlink_to(each)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (next(venv.glob("lib/python*/site-packages")) / "all.pth").write_text(f"{packages}\n")
    (bin / "uv").write_text(
        UV.format(python=sys.executable, venv=str(venv), packages=str(packages), aiohttp=str(theirs / "aiohttp"))
    )
    (bin / "uv").chmod(0o755)
    return Environment(venv, bin)


@pytest.mark.parametrize("words", [(), ("--changed",), ("status",), ("init", "--local")], ids=" ".join)
def test_a_python_without_packages_says_where_it_could_put_none(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    environment = {**os.environ, "DEV_VENV": str(tmp_path / "file" / "venv")}
    environment.pop("DEPLOY_TO_GCP_BOOTSTRAPPED", None)
    line = [sys.executable, "-I", "-S", str(COMMAND), *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=WITHIN, env=environment, cwd=tmp_path)
    said = f"{tmp_path / 'file' / 'venv'}: Not a directory; DEV_VENV names another directory for .venv"
    assert (done.returncode, done.stderr) == (2, f"{COMMAND.name}: {said}\n")


def test_an_environment_of_the_users_own_is_not_added_to(environment: Environment) -> None:
    code, err = environment.run("local", "up")
    assert (code, len(err.splitlines())) == (4, 1), err
    python, requirements = (
        environment.venv / "bin" / "python",
        COMMAND.parents[1] / "deploy_lib" / "requirements-local.txt",
    )
    assert f"needs aiohttp, which is not installed: {python} -m pip install -r {requirements}" in err
    assert not (environment.venv / "asked").exists()


def test_the_tools_own_gets_what_the_local_cloud_needs_once_it_is_started(environment: Environment) -> None:
    own = {"DEV_VENV": str(environment.venv)}
    try:
        code, err = environment.run("local", "up", "--engine", "namespaces", **own)
        assert code == 0, err
        asked = (environment.venv / "asked").read_text()
        assert [Path(word).name for word in asked.split() if word.endswith(".txt")] == [
            "requirements.txt",
            "requirements-local.txt",
        ]
    finally:
        environment.run("local", "down", **own)
