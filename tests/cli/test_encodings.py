"""`check` over a repository whose file names are bytes of any kind: it ends as it should in every locale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import COMMAND

NAME = b"caf\xe9 \x1b]0;t\x07 ##[error]x.py"
LOCALES = [
    {"LC_ALL": "C"},
    {"LC_ALL": "en_US.ISO-8859-1"},
    {"PYTHONIOENCODING": "utf-8:strict"},
    {"PYTHONIOENCODING": "ascii:strict"},
]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text('FROM python:3.11-slim\nCOPY . .\nCMD ["python", "-m", "app"]\n')
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / os.fsdecode(NAME)).write_text("x = 1\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: "-".join(locale.values()))
@pytest.mark.parametrize("output", ["text", "json", "github", "sarif"])
def test_no_byte_ends_a_command(repository: Path, locale: dict[str, str], output: str) -> None:
    line = [sys.executable, str(COMMAND), "check", "--repo", str(repository), "--files", "--output", output]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    done = subprocess.run(line, capture_output=True, env=environment | locale, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not {b"\x1b", b"\x07", b"##["} & {mark for mark in (b"\x1b", b"\x07", b"##[") if mark in done.stdout}
    if output in ("json", "sarif"):
        assert json.loads(done.stdout)
    if output in ("text", "json"):
        assert b"caf\\xe9" in done.stdout.replace(b"\\\\", b"\\")
