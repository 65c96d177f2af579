"""Every gcloud command in the pages and in what the program prints is one of gcloud's, with flags that it has.

Held against the tree of commands that an installed gcloud completes from, which starts nothing. Which values they take
is asked of gcloud's own parser in tests/cli/test_gcloud_commands.py.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_documents import PAGES, ROOT

CODE = sorted(path for path in (ROOT / "deploy_lib").rglob("*.py") if "local_cloud" not in path.parts)
KITS = sorted((ROOT / "examples" / "ci").glob("*.y*ml"))
UNLISTED = "meta"
"""A group that gcloud has and completes nothing of."""
_WORD = r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'`|;&)(#]+)+"
_COMMAND = re.compile(rf"(?<![/\w-])gcloud((?: +{_WORD})+)")


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    found = shutil.which("gcloud")
    file = Path(found).resolve().parents[1] / "data" / "cli" / "gcloud_completions.py" if found else None
    if file is None or not file.is_file():
        pytest.skip("gcloud is not installed here, whose tree of commands decides this")
    spec = importlib.util.spec_from_file_location("gcloud_completions", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found_tree: dict[str, Any] = module.STATIC_COMPLETION_CLI_TREE
    return found_tree


def test_the_pages_name_what_gcloud_has(tree: dict[str, Any]) -> None:
    named = [(page.name, command) for page in (*PAGES, *KITS) for command in of_page(page.read_text(encoding="utf-8"))]
    assert len(named) > 25
    assert [(page, wrong) for page, command in named for wrong in faults(command, tree)] == []


def test_the_program_prints_what_gcloud_has(tree: dict[str, Any]) -> None:
    named = [(path.name, command) for path in CODE for command in of_code(path.read_text(encoding="utf-8"))]
    named = [
        (path, command) for path, command in named if command.split()[0] in tree["commands"]
    ]  # prose names it, too
    assert len(named) > 15
    assert [(path, wrong) for path, command in named for wrong in faults(command, tree)] == []


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("run services list --project p", []),
        ("run services update-traffic S --to-revisions=R=100 --region us-central1", []),
        ("run services lsit --project p", ["run services lsit: no such command"]),
        ("run service list", ["run service: no such command"]),
        (
            "run services list --projct p --all",
            ["run services list: no flag --projct", "run services list: no flag --all"],
        ),
    ],
)
def test_what_gcloud_does_not_have_is_found(tree: dict[str, Any], command: str, told: list[str]) -> None:
    assert list(faults(command, tree)) == told


def of_page(text: str) -> Iterator[str]:
    """What stands in its code, in lines of their own and in sentences."""
    text = re.sub(r"\\\n\s*", "", text)
    blocks = [*re.findall(r"```.*?```", text, re.DOTALL), *re.findall(r"^(?: {4}|# ).*$", text, re.MULTILINE)]
    for part in (*blocks, *re.findall(r"`[^`\n]+`", text)):
        yield from (found[1].strip() for found in _COMMAND.finditer(part))


def of_code(text: str) -> Iterator[str]:
    """What stands in its texts; a value that is put in is an X."""
    if "gcloud " not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield from (found[1].strip() for found in _COMMAND.finditer("".join(map(str, parts))))


def faults(command: str, tree: dict[str, Any]) -> Iterator[str]:
    """Of its words: a command that its group does not have, and each flag that it does not have."""
    path, here, flags = [], tree, set(tree["flags"])
    words = command.split()
    if words[0] == UNLISTED:
        return
    for word in words:
        if word.startswith("-") or not here["commands"]:
            break
        if word not in here["commands"]:
            yield f"{' '.join([*path, word])}: no such command"
            return
        path.append(word)
        here = here["commands"][word]
        flags |= set(here["flags"])
    given = [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]
    for flag in given:
        plain = re.sub(r"^--no-", "--", flag)
        if flag not in flags and plain not in flags:
            yield f"{' '.join(path)}: no flag {flag}"
