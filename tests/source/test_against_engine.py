"""What was predicted beside what an engine really builds, file by file and byte by byte."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_lib.drivers.builds.staging import write_build
from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import BuildFailed, BuildSpec, Engine, EngineUnavailable
from deploy_lib.source.dockerfile.copying import covers
from deploy_lib.source.model import SYMLINK, Staged
from tests.engine_store import shared_store
from tests.source.golden import cases, stage


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    try:
        return choose("namespaces", shared_store(tmp_path_factory))
    except EngineUnavailable as error:
        pytest.skip(f"{error.reason}; {error.remedy}")


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("contexts")


_COUNT = itertools.count()


def build(engine: Engine, staged: Staged, target: str | None, place: Path) -> dict[str, bytes]:
    """The files of the image: content by path, of a symlink what it leads to."""
    context = place / str(next(_COUNT))
    context.mkdir()
    built_from, dockerfile = write_build(staged, context)
    image = engine.build(BuildSpec(built_from, dockerfile, target=target), lambda line: None, lambda: False)
    entries = list(engine.files(image.digest))
    return {entry.path: engine.read(image.digest, entry.path) for entry in entries if entry.link is None}


def compare(engine: Engine, case: dict[str, Any], place: Path) -> None:
    staged = stage(case)
    try:
        built = build(engine, staged, case.get("source", {}).get("target"), place)
    except BuildFailed as failure:
        codes = {finding.code for finding in staged.contents.findings}
        assert codes, f"no finding foretold that the build fails: {failure.reason}"
        return
    if any("is a file in the image and a directory" in finding.message for finding in staged.contents.findings):
        return  # the engine puts the directory in the file's place, where BuildKit stops
    stopping = [finding for finding in staged.contents.findings if finding.severity.value == "error"]
    assert not stopping, f"the build passes although {stopping[0].message}"
    contents = staged.contents
    sources = dict(staged.read_many(dict.fromkeys(contents.files.values())))
    uncertain = [unknown.prefix for unknown in contents.unknown]
    predicted = {path: sources[origin] for path, origin in contents.files.items()}
    for path in built.keys() ^ predicted.keys():
        linked = path in predicted and any(file.mode == SYMLINK for file in staged.context.files.values())
        assert linked or any(covers(prefix, path) for prefix in uncertain), f"{path} was not foretold"
    for path in built.keys() & predicted.keys():
        assert built[path] == predicted[path], path


_ON_SCRATCH = {
    name: case
    for name, case in cases("copy", "stages", "variables", "problems").items()
    if "FROM scratch" in (case.get("dockerfile") or "")
    and "python:" not in case["dockerfile"]
    and "://" not in str(case)
}
_NOT_HERE = ("--parents", "vendor.tar.gz", "busybox", "ghcr.io", "--from=late", "foo[[]1]")
"""What the engine cannot do, or would need another image for."""


@pytest.mark.parametrize("name", _ON_SCRATCH)
def test_golden_cases(engine: Engine, scratch: Path, name: str) -> None:
    case = _ON_SCRATCH[name]
    if any(word in case["dockerfile"] for word in _NOT_HERE):
        pytest.skip("the engine cannot carry this instruction out")
    compare(engine, case, scratch)


SOURCES = st.sampled_from([".", "a.py", "pkg", "pkg/", "./pkg/sub", "*.py", "pkg/*", "p*", "/pkg/b.py", "pkg/sub/.."])
TARGETS = st.sampled_from([".", "./", "/x", "/x/", "sub", "sub/", "/app", "/app/a.py", "../up/"])
COPIES = st.builds(
    lambda flags, sources, target: f"COPY {flags}{' '.join(sources)} {target}",
    st.sampled_from(["", "", "", "--exclude=*.md ", "--exclude=sub "]),
    st.lists(SOURCES, min_size=1, max_size=2),
    TARGETS,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(COPIES, st.sampled_from(["WORKDIR /app", "WORKDIR deep"])), min_size=1, max_size=4))
def test_any_sequence_of_copies(engine: Engine, scratch: Path, lines: list[str]) -> None:
    files = ["a.py", "b.py", "note.md", "pkg/b.py", "pkg/c.md", "pkg/sub/d.py", "pkg/sub/deep/e.py"]
    compare(engine, {"files": files, "dockerfile": "\n".join(["FROM scratch", *lines, ""])}, scratch)
