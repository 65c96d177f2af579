"""Who matches over our own types says what is done with each: a type that is added later is an error of mypy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import deploy_lib

PACKAGE = Path(deploy_lib.__file__).parent
HIDES = re.compile(r"^ *case _\b[^\n]*:\n(?! *assert_never\()", re.MULTILINE)


def test_no_match_hides_what_it_does_not_name() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
    found = [
        f"{path.relative_to(PACKAGE)}:{source.count(chr(10), 0, match.start()) + 1}"
        for path, source in sources.items()
        for match in HIDES.finditer(source)
    ]
    assert sources and found == []


@pytest.mark.parametrize(
    ("text", "hides"),
    [
        ("    case _:\n        return None\n", True),
        ("    case _ if found:\n        return found\n", True),
        ("    case _:\n        assert_never(entry)\n", False),
        ("    case ast.stmt():\n        return None\n", False),
    ],
)
def test_such_a_match_would_be_found(text: str, hides: bool) -> None:
    assert bool(HIDES.search(text)) is hides
