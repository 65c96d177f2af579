"""Messages are plain English: they say that something "is not a URL", never that it "is no URL"."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import deploy_lib

PACKAGE = Path(deploy_lib.__file__).parent
MAY_BE = re.compile(r"\b(?:is|are|was|were) no\b")
"""To parse every file would take seconds."""
IS_NO = re.compile(r"(?<!there )(?<!There )\b(?:is|are|was|were) no (?!longer\b|more\b)[A-Za-z{]")


def messages(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each string that is not a docstring; what is filled in stands as "{}"."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            filled = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, filled))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs | parts:
            yield node.lineno, node.value


def test_no_message_says_that_something_is_no_such_thing() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path, source in sources.items()
        if MAY_BE.search(source)
        for line, text in messages(source)
        if IS_NO.search(text)
    ]
    assert sources and found == []


def test_such_a_message_would_be_found() -> None:
    lines = ('"""a docstring is no message"""', 'raise ValueError(f"{name} is no {kind}")', 'say("there is no file")')
    found = [text for _, text in messages("\n".join([*lines, 'say("x is no URL")'])) if IS_NO.search(text)]
    assert sorted(found) == ["x is no URL", "{} is no {}"]


def test_a_class_name_means_one_thing() -> None:
    """The local cloud is a package of its own: what it calls a Dockerfile is its own Dockerfile."""
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        if "local_cloud" not in path.parts:
            for name in re.findall(r"^class ([A-Z]\w*)", path.read_text(encoding="utf-8"), re.MULTILINE):
                places[name].append(str(path.relative_to(PACKAGE)))
    assert places and {name: where for name, where in places.items() if len(where) > 1} == {}
