"""docs/architecture.md names modules that are there, and the rooms in the order that import-linter holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = [
    room.strip()
    for layer in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]["layers"]
    for room in layer.split("|")
]
MODULES = sorted({name for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", PAGE) if name.partition(".")[0] in ROOMS})


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_is_named_is_there(module: str) -> None:
    path = ROOT / "deploy_lib" / module.replace(".", "/")
    assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_the_rooms_are_in_the_order_that_is_held() -> None:
    order = re.search(r"^    (cli > .*)$", PAGE, re.MULTILINE)
    assert order is not None and [room.strip() for room in re.split("[>|]", order[1])] == ROOMS


def test_every_part_of_the_walk_names_modules() -> None:
    parts = re.findall(r"^(?:\d+\.|   -) (.*)$", PAGE, re.MULTILINE)
    assert len(parts) >= 15 and all("`" in part for part in parts)
