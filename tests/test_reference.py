"""docs/reference.md says what the program says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from deploy_lib.model.outcome import Outcome
from tests.unit.diagnose.cases import CLASSES

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def test_what_follows_from_the_program_is_as_it_says() -> None:
    line = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_every_setting_has_a_meaning_and_every_step_a_place() -> None:
    schema = json.loads((ROOT / "config" / "schema.json").read_text(encoding="utf-8"))
    names = [name for entry in schema["properties"]["steps"]["items"]["anyOf"] for name in entry.get("required", ())]
    for name in names:
        assert f"### `{name}`\n" in PAGE
        for setting in schema["$defs"][name]["properties"]:
            assert re.search(rf"^\| `{setting}` \|.*\| \S[^|]* \|$", PAGE, re.MULTILINE), f"{name}.{setting}"


def test_every_exit_code_and_every_class_of_failure_is_explained() -> None:
    for code in sorted({outcome.exit_code for outcome in Outcome}):
        assert f"\n| {code} | " in PAGE
    assert [name for name in sorted(CLASSES) if f"`{name}`" not in PAGE] == []
