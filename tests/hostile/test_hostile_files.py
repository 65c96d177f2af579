"""Files made to hurt: each is refused or finished in bounded time and memory, with one clear line."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile.limits import Ran, faults, run
from tests.source.git_repository import GitRepository

HEAD = "project: netra-staging\nregion: us-central1\nimages: host/netra-staging/services\n"


def bomb(levels: int = 9) -> str:
    """1.2 KB that stand for 9 to the 9th values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    return "\n".join(lines) + "\n"


def merge_bomb(levels: int = 9) -> str:
    lines = ["a0: &a0 {k: v}"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    made = GitRepository(tmp_path_factory.mktemp("hostile") / "repository")
    made.commit({"Dockerfile": "FROM python:3.11-slim\nWORKDIR /srv\nCOPY . .\nCMD python main.py\n", "main.py": ""})
    return made


def one_line(ran: Ran, part: str) -> None:
    assert faults(ran) == [], ran.said
    assert (ran.code, part in ran.err) == (2, True), ran.said
    assert len([line for line in ran.err.splitlines() if ": " in line]) <= 2, ran.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(bomb(), "bomb.yaml: its aliases stand for more than 20000 values", id="aliases"),
        pytest.param(merge_bomb(), "bomb.yaml: its aliases stand for more than 20000 values", id="merges"),
        pytest.param("a: &a [*a]\n", "bomb.yaml:1:4: a value contains itself", id="a value in itself"),
        pytest.param("a: &a {b: {<<: *a}}\n", "bomb.yaml:1:4: a value contains itself", id="a merge in itself"),
        pytest.param("[" * 100_000, "bomb.yaml: not valid YAML: nested too deeply", id="depth"),
        pytest.param("- {a: 1}\n" * 20_000, "bomb.yaml: it holds more than 20000 values", id="values"),
        pytest.param("a: " + "9" * 5000 + "\n", "bomb.yaml:1:4: not valid YAML", id="a number of 5000 digits"),
        pytest.param("x" * 300_000, "bomb.yaml: the file is larger than 256000 bytes", id="size"),
    ],
)
def test_a_configuration_made_to_hurt(place: GitRepository, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "bomb.yaml").write_text(text)
    one_line(run("check", "--config", "bomb.yaml", "--repo", str(place.root), cwd=tmp_path), told)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def directory(path: Path) -> None:
    path.mkdir()


SPECIAL: tuple[tuple[Callable[[Path], None], str], ...] = (
    (fifo, "c.yaml: not a regular file"),
    (listening, "c.yaml: not a regular file"),
    (zeros, "c.yaml: not a regular file"),
    (loop, "c.yaml: cannot be read: Too many levels of symbolic links"),
    (directory, "c.yaml: this is a directory; name a YAML file"),
)


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose name is short enough for a socket's."""
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.mark.parametrize("command", ["check", "plan", "status", "history", "report"])
@pytest.mark.parametrize(("make", "told"), SPECIAL, ids=[make.__name__ for make, _ in SPECIAL])
def test_what_is_no_regular_file(
    place: GitRepository, short: Path, command: str, make: Callable[[Path], None], told: str
) -> None:
    make(short / "c.yaml")
    state = ("--state", str(short / "state"))
    one_line(run(command, "--config", "c.yaml", "--repo", str(place.root), *state, cwd=short), told)


def test_special_files_beside_the_configuration_are_passed_over(place: GitRepository, short: Path) -> None:
    """Looking for the file of a project reads every file of config/."""
    config = short / "repository" / "config"
    made = GitRepository(short / "repository")
    made.commit({"Dockerfile": "FROM scratch\n"})
    config.mkdir()
    fifo(config / "a.yaml")
    loop(config / "b.yaml")
    zeros(config / "c.yaml")
    ran = run("plan", "--project", "nobodys-project", cwd=made.root)
    assert faults(ran) == [], ran.said
    assert (ran.code, "names a project; init writes one" in ran.err) == (2, True), ran.said


MODULES = {
    "a list of 10 MB": "L = [" + "1234567," * 1_250_000 + "]\n",
    "1.5 million statements": "x = 1\n" * 1_500_000,
    "60,000 functions": "def f(): pass\n" * 60_000,
    "a million names": "L = [" + "a," * 1_000_000 + "]\n",
    "half a million comparisons": "x = 0" + "<1" * 500_000 + "\n",
    "one expression of 100,000 parts": "x = " + "1+" * 100_000 + "1\n",
    "100,000 brackets": "x = " + "[" * 100_000 + "]" * 100_000 + "\n",
    "one name of 10 MB": "a" * 10_000_000 + " = 1\n",
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_too_large_to_follow(tmp_path: Path, name: str) -> None:
    """It is told as something that was not followed; what else the service imports still is."""
    made = GitRepository(tmp_path / "repository")
    files = {"Dockerfile": "FROM python:3.11-slim\nWORKDIR /srv\nCOPY . .\nCMD python main.py\n"}
    made.commit({**files, "main.py": "import data\nimport gone\n", "data.py": MODULES[name], "gone.py": ""})
    made.git("rm", "--quiet", "--cached", "gone.py")
    made.git("commit", "--quiet", "-m", "Drop")
    ran = run("check", "--state", str(tmp_path / "state"), cwd=made.root)
    assert faults(ran) == [], ran.said[:2000]
    assert ran.code == 1, ran.said[:2000]
    assert "gone.py" in ran.out
    assert len(ran.out) < 4000


def test_a_dockerfile_of_ten_megabytes(tmp_path: Path) -> None:
    made = GitRepository(tmp_path / "repository")
    made.commit({"Dockerfile": "FROM python:3.11-slim\n" + "RUN true\n" * 1_100_000, "main.py": ""})
    ran = run("check", "--state", str(tmp_path / "state"), cwd=made.root)
    assert faults(ran) == [], ran.said[:2000]
    assert "Dockerfile" in ran.said and "larger than" in ran.said


def test_ignore_files_of_ten_megabytes(tmp_path: Path) -> None:
    made = GitRepository(tmp_path / "repository")
    made.commit({"Dockerfile": "FROM python:3.11-slim\nCOPY . .\n", ".dockerignore": "a*b*c\n" * 1_700_000})
    ran = run("check", "--state", str(tmp_path / "state"), cwd=made.root)
    assert faults(ran) == [], ran.said[:2000]
    assert ".dockerignore" in ran.said and "larger than" in ran.said


def test_a_repository_of_symlinks_to_themselves(tmp_path: Path) -> None:
    made = GitRepository(tmp_path / "repository")
    made.write({"Dockerfile": "FROM python:3.11-slim\nWORKDIR /srv\nCOPY . .\nCMD python main.py\n", "main.py": ""})
    for name in ("loop", "package/loop", "a"):
        (made.root / name).parent.mkdir(exist_ok=True)
        loop(made.root / name)
    (made.root / "up").symlink_to("..")
    (made.root / "package" / "self").symlink_to("../package")
    made.commit()
    for words in (("check",), ("check", "--worktree"), ("check", "--files"), ("check", "--why", "package/loop")):
        ran = run(*words, "--state", str(tmp_path / "state"), cwd=made.root)
        assert faults(ran) == [], ran.said


@pytest.mark.parametrize("path", ["/srv/config/settings.toml", "/", "//", "/..", "../..", "/etc/passwd", "a//b/"])
def test_why_a_path_outside_of_the_repository_is_not_in_the_image(
    place: GitRepository, tmp_path: Path, path: str
) -> None:
    ran = run("check", "--why", path, "--state", str(tmp_path / "state"), cwd=place.root)
    assert faults(ran) == [], ran.said
    assert ran.code == 1, ran.said
