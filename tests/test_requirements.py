"""The files of requirements name what is imported, each for its part: a release, the local cloud, tests and checks."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
TOOL = ROOT / "deploy_lib"
CLOUD = TOOL / "local_cloud"
RELEASE, LOCAL, DEV = "deploy_lib/requirements.txt", "deploy_lib/requirements-local.txt", "requirements-dev.txt"
OURS = {"deploy_lib", "tests", "scripts", "rehearse", "dev", "deploy_to_gcp", "reference"}
EMULATOR = (CLOUD / "emulator", CLOUD / "__main__.py")


def sources(*places: Path, less: tuple[Path, ...] = ()) -> list[Path]:
    found = [path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*.py")))]
    return [path for path in found if not any(path.is_relative_to(each) for each in less)]


def read(name: str, root: Path = ROOT) -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in (root / name).read_text(encoding="utf-8").splitlines()]
    return {str(canonicalize_name(each.name)): each for each in map(Requirement, filter(None, lines))}


@cache
def records() -> dict[str, str]:
    """What each installed distribution holds, as the text that its installer left."""
    return {str(canonicalize_name(each.name)): each.read_text("RECORD") or "" for each in metadata.distributions()}


@cache
def owner(module: str) -> str:
    """The distribution that a module, or the package that a name is taken from, comes with; "" for none."""
    path = module.replace(".", "/")
    for ending in ("/__init__.py,", ".py,", "/__init__.pyi,"):
        for name, record in records().items():
            if f"\n{path}{ending}" in f"\n{record}":
                return name
    return ""


def imported(path: Path) -> Iterator[str]:
    """The distributions that a file's imports come from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            wanted = [[name, node.module] for name in names]
        elif isinstance(node, ast.Import):
            wanted = [[alias.name] for alias in node.names]
        else:
            continue
        for candidates in wanted:
            if candidates[-1].partition(".")[0] in sys.stdlib_module_names | OURS:
                continue
            yield next(filter(None, map(owner, candidates)), f"the owner of {candidates[-1]}")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (sources(TOOL, less=EMULATOR), (RELEASE,)),
        (sources(*EMULATOR, ROOT / "scripts" / "rehearse"), (RELEASE, LOCAL)),
    ],
    ids=["release", "local cloud"],
)
def test_what_is_imported_is_in_the_requirements(files: list[Path], names: tuple[str, ...]) -> None:
    named = {each for name in names for each in read(name)}
    missing = {(path.relative_to(ROOT).as_posix(), each) for path in files for each in imported(path)}
    assert {(path, each) for path, each in missing if each not in named} == set()


def test_every_version_is_exact_and_stands_once() -> None:
    whole = [read(name) for name in (RELEASE, LOCAL, DEV)]
    assert all(str(each.specifier).startswith("==") for one in whole for each in one.values())
    assert sum(map(len, whole)) == len({name for one in whole for name in one})


def test_the_local_cloud_alone_names_what_it_imports_and_is_tested_with() -> None:
    named = read("requirements.txt", CLOUD)
    assert set(named) == {each for path in sources(CLOUD) for each in imported(path)}
    pinned = {**read(RELEASE), **read(LOCAL)}
    for name, requirement in named.items():
        assert requirement.specifier.contains(str(pinned[name].specifier).removeprefix("=="))
