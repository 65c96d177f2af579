"""Golden cases: a Dockerfile, the files of a commit, and what the image will hold."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_lib.source.model import Staged
from tests.source.golden import cases, stage


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
        "image": dict(sorted(contents.files.items())),
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
        "projects": list(contents.projects),
        "dropped": {path: str(rule) for path, rule in sorted(staged.context.dropped.items())},
        "place": staged.dockerfile,
        "beside": staged.dockerfile if staged.recipe is not None else None,
    }


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases().items()])
def test_case(case: dict[str, Any]) -> None:
    told = shown(stage(case))
    expected = {"findings": [], **case["expect"]}
    assert {key: told[key] for key in expected} == expected
