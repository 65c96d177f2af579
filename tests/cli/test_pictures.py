"""The pictures in the README show the live table as this version draws it, of releases that took place."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.fast

ROOT = Path(__file__).resolve().parents[2]


def pictures() -> ModuleType:
    """scripts/pictures.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "scripts" / "pictures.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    before, sys.modules["pictures"] = list(sys.path), module
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


PICTURES = pictures()


@pytest.mark.parametrize("path", PICTURES.drawings(), ids=lambda path: path.stem)
def test_a_picture_is_as_this_version_draws_it(path: Path) -> None:
    drawn = PICTURES.drawings()[path]
    assert path.read_text(encoding="utf-8") == drawn, "draw it again: python scripts/pictures.py"
    assert f"docs/pictures/{path.name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_needs_nothing_from_elsewhere_and_names_no_machine() -> None:
    for path, drawn in PICTURES.drawings().items():
        without_comments = re.sub(r"<!--.*?-->", "", drawn)
        assert re.findall(r"url\((?!#)[^)]*\)|https?://(?!www\.w3\.org/)", without_comments) == [], path
        events = path.with_suffix(".jsonl").read_text(encoding="utf-8")
        assert not re.search(r"/(?:tmp|home|root|Users)/", events), path


def text_of(name: str) -> str:
    picture = next(each for each in PICTURES.RECORDED if each.name == name)
    lines = PICTURES.lines_of(picture, PICTURES.read(picture))
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)


def test_they_show_what_they_are_called() -> None:
    running, rejected = text_of("running"), text_of("rejected")
    assert re.search(r"^promote 10 % +ok .*90 %, .*10 %$", running, re.MULTILINE)
    assert re.search(r"^compare 6 s +running ", running, re.MULTILINE)
    assert re.search(r"^import_check +FAILED .*llm_config_types", rejected, re.MULTILINE)
    assert re.search(r"^REJECTED: import_check\n(?:  .*\n)*serving: \S+ 100 %$", rejected, re.MULTILINE)
