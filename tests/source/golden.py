"""Golden cases of tests/cases/source: a Dockerfile and the files of a commit, staged without a repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from deploy_lib.model.service import BuildSource
from deploy_lib.source.model import (
    EXECUTABLE,
    REGULAR,
    SUBMODULE,
    SYMLINK,
    DiskFile,
    MissingFileContext,
    PastFile,
    Rule,
    Staged,
    TreeFile,
)
from deploy_lib.source.staging import rules_of, stage_files
from tests.golden_file import read_cases

PLACE = Path(__file__).parent.parent / "cases/source"


def cases(*stems: str) -> dict[str, dict[str, Any]]:
    """Cases by "file: name"; of all files, or of those named."""
    files = [PLACE / f"{stem}.yaml" for stem in stems] or sorted(PLACE.glob("*.yaml"))
    return {f"{file.stem}: {case['name']}": case for file in files for case in read_cases(file)}


def stage(case: dict[str, Any]) -> Staged:
    texts: dict[str, str] = {path: f"# {path}\n" for path in case.get("files", [])}
    texts |= case.get("texts", {})
    if case.get("dockerfile") is not None:
        texts["Dockerfile"] = case["dockerfile"]
    links: dict[str, str] = case.get("links", {})
    executable = case.get("executable", [])
    tracked = {
        path: TreeFile(path, EXECUTABLE if path in executable else REGULAR, path, len(text))
        for path, text in texts.items()
    }
    tracked |= {path: TreeFile(path, SYMLINK, path, len(target)) for path, target in links.items()}
    tracked |= {path: TreeFile(path, SUBMODULE, path, 0) for path in case.get("submodules", ())}
    contents = {path: text.encode() for path, text in (texts | links).items()}

    def read(files: Iterable[TreeFile]) -> Iterator[bytes]:
        return (contents[file.path] for file in files)

    disk = {
        path: DiskFile(path, state, Rule(".gitignore", 1, "x", "gitignored") if state == "ignored" else None)
        for path, state in case.get("disk", {}).items()
    }
    past = {path: PastFile("c" * 40, was == "deleted", "Tidy up") for path, was in case.get("history", {}).items()}
    source = BuildSource(**case.get("source", {}))
    rules = rules_of(source, tracked, read, cloud_build=case.get("cloud_build", False))
    return stage_files(source, tracked, {}, rules, read, lambda: MissingFileContext(tracked, disk, past.get))
