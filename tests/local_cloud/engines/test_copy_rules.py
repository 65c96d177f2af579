"""COPY's path rules: tables for what the documentation says, and generated trees for what must always hold."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_lib.local_cloud.engines.model import EngineError
from deploy_lib.local_cloud.engines.namespaces.copy_plan import (
    Destination,
    Rules,
    find_sources,
    names_directory,
    plan_source,
)
from deploy_lib.local_cloud.engines.namespaces.overlay_tree import OverlayTree

KEEP = Rules((0, 0), None, lambda _path: False)
TREE = ("a.txt", "b.txt", "src/main.py", "src/deep/x.py", "src/deep/y.txt", "[odd].txt")


def plan(root: Path, pattern: str, wanted: str, existing: bool = False) -> list[str]:
    tree = OverlayTree([root])
    destination = Destination("/" + wanted.strip("/"), names_directory(wanted) or existing, existing)
    return [item.path for entry in find_sources(tree, pattern) for item in plan_source(tree, entry, destination, KEEP)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("context")
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


@pytest.mark.parametrize(
    ("pattern", "wanted", "existing", "paths"),
    [
        ("a.txt", "/x", False, ["/x"]),
        ("a.txt", "/x/", False, ["/x/a.txt"]),
        ("a.txt", "/x", True, ["/x/a.txt"]),
        ("./a.txt", "/x/", False, ["/x/a.txt"]),
        ("/a.txt", "/x/", False, ["/x/a.txt"]),
        ("../../a.txt", "/x/", False, ["/x/a.txt"]),
        ("src", "/x", False, ["/x", "/x/deep", "/x/deep/x.py", "/x/deep/y.txt", "/x/main.py"]),
        ("src/", "/x/", False, ["/x", "/x/deep", "/x/deep/x.py", "/x/deep/y.txt", "/x/main.py"]),
        ("*.txt", "/x/", False, ["/x/[odd].txt", "/x/a.txt", "/x/b.txt"]),
        ("?.txt", "/x/", False, ["/x/a.txt", "/x/b.txt"]),
        ("[^b].txt", "/x/", False, ["/x/a.txt"]),
        ("s*/deep/*.py", "/x/", False, ["/x/x.py"]),
        ("s*", "/x/", False, ["/x", "/x/deep", "/x/deep/x.py", "/x/deep/y.txt", "/x/main.py"]),
    ],
)
def test_where_files_go(root: Path, pattern: str, wanted: str, existing: bool, paths: list[str]) -> None:
    assert plan(root, pattern, wanted, existing) == paths


@pytest.mark.parametrize("pattern", ["nothing", "*.go", "src/nothing", "a.txt/below"])
def test_what_matches_nothing(root: Path, pattern: str) -> None:
    with pytest.raises(FileNotFoundError):
        plan(root, pattern, "/x/")


NAMES = st.sampled_from(["a", "b", "c", ".d", "e f"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@settings(max_examples=60, deadline=None)
@given(files=st.sets(PATHS, min_size=1, max_size=6), links=st.dictionaries(PATHS, st.sampled_from(["/", "..", "../..", "/etc", "a", "."]), max_size=3))  # fmt: skip # noqa: E501
def test_a_copy_of_everything_is_everything_and_nothing_outside(files: set[str], links: dict[str, str]) -> None:
    with TemporaryDirectory() as directory:
        root = Path(directory)
        made: set[str] = set()
        for name in sorted(files):
            path = root / name
            if not any((root / str(parent)).is_file() for parent in PurePosixPath(name).parents) and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(name)
                made.add(name)
        for name, target in links.items():
            path = root / name
            through = any((root / str(parent)).is_symlink() for parent in PurePosixPath(name).parents)
            if path.parent.is_dir() and not (through or path.is_symlink() or path.exists()):
                path.symlink_to(target)
                made.add(name)
        tree = OverlayTree([root])
        (entry,) = find_sources(tree, ".")
        items = list(plan_source(tree, entry, Destination("/x", True, False), KEEP))
        copied = {item.path.removeprefix("/x/") for item in items if item.source and not item.source.is_directory}
        assert copied == made
        for name in (*made, *links):
            try:
                found = tree.get(f"/{name}")
            except EngineError as error:
                assert "too many symbolic links" in error.reason
            else:
                assert found is None or Path(found.host).is_relative_to(root)
