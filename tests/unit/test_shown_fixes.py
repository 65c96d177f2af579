"""A fix is shown alike wherever it stands: what is pasted runs, and waits in no editor."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC

import pytest

from deploy_lib.cli.check.document import finding_document
from deploy_lib.cli.check.sarif import finding_result
from deploy_lib.cli.show.github import annotation
from deploy_lib.model.journal import Judged
from deploy_lib.model.shell_commands import shown_fix
from deploy_lib.report.build import build
from deploy_lib.report.formats import EXTENSIONS, render
from deploy_lib.source.entrypoint.script_problems import line_ends
from tests.report.journals import MISSING, NOW, STORIES

WAITS_IN_AN_EDITOR = re.compile(r"git commit(?! -)")
FIXES = (
    "git add -- a.py && git commit",
    "git add -- a.py; git commit",
    "git add -- a.py && git commit; or keep it out of the build: echo 'a.py' >> .dockerignore",
    "git mv -- A.py a.py && git commit, or correct the import",
    "install it as a dependency, or make it part of the repository: git rm --cached b && git add -- b && git commit",
    str(line_ends("docker/start.sh", "/bin/sh").fix),
)


@pytest.mark.parametrize("fix", FIXES)
@pytest.mark.parametrize("root", ["", "/src/shop"])
def test_a_commit_has_a_message(fix: str, root: str) -> None:
    shown = shown_fix(fix, root)
    assert not WAITS_IN_AN_EDITOR.search(shown) and "git commit -m " in shown


@pytest.mark.parametrize("fix", FIXES)
def test_in_every_output(fix: str) -> None:
    found = replace(MISSING, fix=fix)
    entries = [
        replace(entry, findings=(found,)) if isinstance(entry, Judged) and entry.findings else entry
        for entry in STORIES["rejected_early"]()
    ]
    report = build(entries, None, (), NOW, UTC)
    shown = {name: render(report, name) for name in EXTENSIONS}
    shown |= {"github": annotation(found), "sarif": json.dumps(finding_result(found))}
    shown |= {"json": json.dumps(finding_document(found))}
    assert {name: WAITS_IN_AN_EDITOR.findall(text) for name, text in shown.items()} == {name: [] for name in shown}


def test_the_end_of_a_line_is_mended_by_one_command() -> None:
    assert line_ends("docker/start it.sh", "/bin/sh").fix == (
        "printf '\\n%s text eol=lf\\n' '\"docker/start it.sh\"' >> .gitattributes && "
        "sed -i 's/\\r$//' 'docker/start it.sh' && "
        "git add --renormalize -- .gitattributes 'docker/start it.sh' && git commit"
    )
