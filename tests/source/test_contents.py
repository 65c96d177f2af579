"""Golden cases: a Dockerfile, the files of a commit, and what the image will hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy_lib.model.service import BuildSource
from deploy_lib.source.model import REGULAR, SYMLINK, DiskFile, PastFile, Rule, Staged, Surroundings, TreeFile
from deploy_lib.source.staging import rules_of, stage_files

PLACE = Path(__file__).parent.parent / "cases/source"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(PLACE.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]


def stage(case: dict[str, Any]) -> Staged:
    texts: dict[str, str] = {path: f"# {path}\n" for path in case.get("files", [])}
    texts |= case.get("texts", {})
    if case.get("dockerfile") is not None:
        texts["Dockerfile"] = case["dockerfile"]
    links: dict[str, str] = case.get("links", {})
    tracked = {path: TreeFile(path, REGULAR, path, len(text)) for path, text in texts.items()}
    tracked |= {path: TreeFile(path, SYMLINK, path, len(target)) for path, target in links.items()}
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
    return stage_files(source, tracked, {}, rules, read, lambda: Surroundings(tracked, disk, past.get))


def shown(staged: Staged) -> dict[str, Any]:
    """Everything a case may state, in the shape it is written in."""
    contents = staged.contents
    findings = [
        {
            key: value
            for key, value in (
                ("code", each.code),
                ("severity", each.severity.value),
                ("line", each.line),
                ("cause", each.cause),
                ("rule", each.rule),
            )
            if value is not None
        }
        for each in (*staged.context.findings, *contents.findings)
    ]
    return {
        "image": {path: origin for path, origin in sorted(contents.files.items())},
        "by": {path: rule.line for path, rule in sorted(contents.by.items())},
        "unknown": sorted({each.prefix for each in contents.unknown}),
        "findings": findings,
        "messages": [each.message for each in (*staged.context.findings, *contents.findings)],
        "fixes": [each.fix for each in (*staged.context.findings, *contents.findings)],
        "workdir": contents.workdir,
        "env": dict(contents.env),
        "base": contents.base,
        "python": ".".join(map(str, contents.python)) if contents.python else None,
        "command": list(contents.command),
        "installs": list(contents.installs),
        "packages": list(contents.packages),
        "dropped": {path: str(rule) for path, rule in sorted(staged.context.dropped.items())},
        "place": staged.dockerfile,
    }


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any]) -> None:
    told = shown(stage(case))
    expected = {"findings": [], **case["expect"]}
    assert {key: told[key] for key in expected} == expected
