"""What was predicted beside what BuildKit itself puts into an image, from the same files and the same Dockerfile."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from deploy_lib.local_cloud.engines.docker import has_buildkit, open_docker
from deploy_lib.local_cloud.engines.model import EngineUnavailable
from deploy_lib.source.dockerfile.copying import covers
from deploy_lib.source.model import SYMLINK, Staged
from tests.source.golden import cases, stage

_NEWER = re.compile(r"--(?:parents|exclude|link|checksum|keep-git-dir|unpack)\b|<<|#\s*syntax=")
"""What the BuildKit of docker 20.10 does not know without asking a registry for another front end."""
_DECLARED = {
    "problems: a directory all of which is dropped": "BuildKit makes it, empty; a builder is sent files alone",
    "problems: several sources onto one name": "BuildKit takes it, and keeps the last one; other builders refuse it",
    "problems: an ignore rule nobody can read": "refused with the context, before there are contents",
}
_CASES = {
    name: case
    for name, case in cases("copy", "stages", "variables", "problems").items()
    if "FROM scratch" in (case.get("dockerfile") or "")
    and not any(word in str(case) for word in ("python:", "://", "busybox", "ghcr.io"))
    and not _NEWER.search(case["dockerfile"])
    and not case.get("cloud_build")
    and name not in _DECLARED
}


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of a docker with BuildKit and a daemon."""
    try:
        open_docker(tmp_path_factory.mktemp("store"))
    except EngineUnavailable as error:
        pytest.skip(f"{error.reason}; {error.remedy}")
    if not has_buildkit(None, asked):
        pytest.skip("docker has no BuildKit here: install its buildx plugin")
    return ["docker", "build", "--quiet"]


def asked(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True).stdout.strip()


@pytest.mark.slow
def test_buildkit_puts_the_same_files_into_the_image(docker: list[str], tmp_path: Path) -> None:
    def told(numbered: tuple[int, str]) -> list[str]:
        number, name = numbered
        return [f"{name}: {problem}" for problem in compare(docker, _CASES[name], tmp_path / str(number))]

    with ThreadPoolExecutor(4) as pool:
        wrong = [problem for found in pool.map(told, enumerate(_CASES)) for problem in found]
    assert not wrong, "\n".join(wrong)


def compare(docker: list[str], case: dict[str, Any], place: Path) -> Iterator[str]:
    """What differs."""
    write(case, place / "tree")
    staged, source = stage(case), case.get("source", {})
    context = place / "tree" / source.get("context", ".")
    recipe = place / "tree" / source.get("dockerfile", "Dockerfile")
    target = ["--target", source["target"]] if source.get("target") else []
    options = ["--output", f"type=local,dest={place / 'image'}", "--file", str(recipe), *target]
    done = subprocess.run(
        [*docker, *options, str(context)], capture_output=True, text=True, env={**os.environ, "DOCKER_BUILDKIT": "1"}
    )
    stopping = [finding for finding in staged.contents.findings if finding.severity.value == "error"]
    if done.returncode:
        if not staged.contents.findings:
            yield f"no finding foretold that the build fails: {done.stderr.strip().splitlines()[-1:]}"
    elif stopping:
        yield f"the build passes although {stopping[0].message}"
    else:
        yield from compare_files(staged, place / "image")


def compare_files(staged: Staged, image: Path) -> Iterator[str]:
    contents = staged.contents
    built = {
        f"/{path.relative_to(image)}": path for path in image.rglob("*") if path.is_file() and not path.is_symlink()
    }
    sources = dict(staged.read_many(dict.fromkeys(contents.files.values())))
    linked = any(file.mode == SYMLINK for file in staged.context.files.values())
    for path in sorted(built.keys() ^ contents.files.keys()):
        unsure = any(covers(unknown.prefix, path) for unknown in contents.unknown)
        if not unsure and not (linked and path in contents.files):
            yield f"{path} was {'not ' if path in built else ''}foretold"
    for path in sorted(built.keys() & contents.files.keys()):
        if built[path].read_bytes() != sources[contents.files[path]]:
            yield f"{path} holds something else"


def write(case: dict[str, Any], root: Path) -> None:
    """The files of the commit, as tests.source.golden makes them."""
    texts = {path: f"# {path}\n" for path in case.get("files", [])} | case.get("texts", {})
    for path, text in (texts | {"Dockerfile": case["dockerfile"]}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        (root / path).chmod(0o755 if path in case.get("executable", []) else 0o644)
    for path, aim in case.get("links", {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(aim)
