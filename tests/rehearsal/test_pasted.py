"""Every command that is printed is pasted into a shell, where it was printed: it runs, and does what it is there for.

The tool is vendored inside a repository whose path has a space, called from there or from elsewhere, with a
configuration that lies in another directory.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy_lib.cli.paths import TOOL
from tests.rehearsal.cli_harness import WHOLE, CliHarness
from tests.rehearsal.plans import stable
from tests.waits import WITHIN

BEFORE_BUILD = ({"image_contents": None}, *WHOLE)
HELD = (*WHOLE[:4], {"verify": {"path": "/nowhere", "within": "1s"}})


@dataclass(frozen=True, slots=True)
class Shell:
    """Where a person stands, with the vendored tool."""

    harness: CliHarness
    script: Path
    stands: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, str(self.script), *words]
        return self._done(line)

    def paste(self, command: str) -> subprocess.CompletedProcess[str]:
        return self._done(["bash", "-c", command])

    def _done(self, line: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            line,
            cwd=self.stands,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            stdin=subprocess.DEVNULL,
        )

    @property
    def _environment(self) -> dict[str, str]:
        who = {
            f"GIT_{who}_{what}": "example@example.invalid"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return {**plain, **self.harness.variables, **who, "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1"}


@pytest.fixture(params=["inside", "elsewhere"])
def shell(harness: CliHarness, request: pytest.FixtureRequest) -> Shell:
    """The tool is part of the repository's commit, as where it is vendored."""
    moved = harness.root / "my shop"
    harness.repository.rename(moved)
    harness.repository = moved
    vendored = moved / "tools" / "deploy"
    for name in ("deploy_lib", "scripts", "config"):
        shutil.copytree(TOOL / name, vendored / name, ignore=shutil.ignore_patterns("__pycache__"))
    (moved / ".dockerignore").write_text("tools\n.git\n")
    harness.commit("Vendor the tool")
    stands = moved if request.param == "inside" else harness.root
    return Shell(harness, vendored / "scripts" / "deploy_to_gcp.py", stands)


def options(shell: Shell, config: Path) -> list[str]:
    where = [] if shell.stands == shell.harness.repository else ["--repo", str(shell.harness.repository)]
    return ["--config", str(config), "--service", "backend", "--state", str(shell.harness.state), *where]


@pytest.mark.slow
def test_a_rejected_release(shell: Shell) -> None:
    """The module is ignored by git: what is printed brings it in, and the release that is printed last goes live."""
    harness = shell.harness
    harness.write(".gitignore", "app/parts/extra.py\n")
    harness.write("app/parts/extra.py", "EXTRA = 1\n")
    main = (harness.repository / "app/main.py").read_text()
    harness.write("app/main.py", main.replace("from __future__", "from __future__", 1) + "\nimport app.parts.extra\n")
    harness.commit("Import what is not there")
    config = harness.config(BEFORE_BUILD)
    done = shell.run(*options(shell, config))
    assert done.returncode == 1, done.stdout + done.stderr
    printed = list(commands(done.stdout))
    assert printed, done.stdout
    ran = {command: shell.paste(command) for command in printed}
    codes = {command: (each.returncode, each.stdout + each.stderr) for command, each in ran.items()}
    (fix,) = [command for command in printed if "git add" in command and "cd " not in command][:1] or [printed[0]]
    for command, (code, said) in codes.items():
        assert code in (0, 1), (command, said)
        assert "usage:" not in said and "Traceback" not in said, (command, said)
    releases = [
        command for command in printed if " report " not in command and " check" not in command and "git" not in command
    ]
    assert releases and codes[releases[-1]][0] == 0, codes
    assert fix in codes


@pytest.mark.slow
def test_a_held_release(shell: Shell) -> None:
    harness = shell.harness
    old = stable(harness)
    config = harness.config(HELD, {"n": 1}, on_failure="hold")
    done = shell.run(*options(shell, config))
    assert done.returncode == 3, done.stdout + done.stderr
    printed = [command for command in commands(done.stdout) if "deploy_to_gcp" in command]
    names = [name for command in printed for name in re.findall(r"\.py'? (resume|rollback|status)", command)]
    assert names == ["resume", "rollback", "status"], done.stdout
    _, rollback, status = printed[-3:]
    assert shell.paste(status).returncode == 0
    assert shell.paste(rollback).returncode == 0
    assert harness.now == {old: 100}


def commands(text: str) -> Iterator[str]:
    """What a person would paste: advice, and lines of commands; comments are none."""
    for line in text.splitlines():
        said = re.sub(r"^\d\d:\d\d:\d\d  ", "", line)
        found = re.match(r"\s+do: (.+)", said) or re.match(r"  (\S*python\S* .+)", said)
        if found and not found[1].startswith("# "):
            yield found[1]
