"""What is known of the world stands in one place: who writes it down again is told where it is.

The local cloud shares no code with the tool, so that it can be lifted out, and has its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import deploy_lib

ROOT = Path(deploy_lib.__file__).parent
APART = ("local_cloud", "in_image")  # the second runs in images, where nothing of the house is


@cache
def constants() -> dict[str, list[object]]:
    """By module, without docstrings."""
    found = {}
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(APART):
            found[name] = list(_constants(ast.parse(path.read_text(encoding="utf-8"))))
    return found


def _constants(tree: ast.Module) -> Iterator[object]:
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in alone:
            yield node.value


@pytest.mark.parametrize(
    ("fact", "pattern", "places"),
    [
        ("roles of Google's APIs", r"^roles/\w|[ =(]roles/\w", {"model/roles.py"}),
        ("the port of a service that names none", r"^8080$", {"model/service.py"}),
        ("what parts the digest from an image's name", r"^@sha256:$", {"model/image_names.py"}),
        ("amounts of memory", r"^[KMGT]i$|Ki\|Mi", {"model/memory.py"}),
        ("escapes of a terminal", r"\x1b|\\x1b", {"printable.py", "cli/show/live.py"}),
        ("the normal form of a distribution's name", r"\[-_\.\]\+", {"source/dependencies/declared.py"}),
        ("words of tools whose build failed", r"No matching distribution|COPY failed", {"diagnose/build_words.py"}),
        ("words for Cloud Build's failure types", r"could not be pushed to the registry", {"model/evidence.py"}),
    ],
)
def test_a_fact_stands_in_one_place(fact: str, pattern: str, places: set[str]) -> None:
    found = {name for name, values in constants().items() for each in values if re.search(pattern, str(each))}
    assert found == places, f"{fact}: use what {' and '.join(sorted(places))} has"


@pytest.mark.parametrize(
    ("call", "place"), [(r"\.replace\(path\)", "drivers/whole_file.py"), (r"\.expanduser\(\)", "cli/paths.py")]
)
def test_files_are_written_whole_in_one_place(call: str, place: str) -> None:
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in constants()}
    assert {name for name, text in texts.items() if re.search(call, text) or "os.replace(" in text} == {place}
