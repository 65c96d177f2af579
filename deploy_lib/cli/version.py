"""Which version of the tool this is: its number, and the commit it stands at, wherever it was put."""

from __future__ import annotations

import re
import subprocess
from importlib import metadata
from pathlib import Path

from deploy_lib.cli.called import INSTALLED, NAME
from deploy_lib.cli.paths import TOOL
from deploy_lib.drivers.source.git import git_environment


def version_line(tool: Path = TOOL) -> str:
    """ "deploy_to_gcp.py 0.1.0, commit 1f2e3d4..."; of a copy inside another repository the commit that last touched
    it. Raises nothing: what cannot be known is said so."""
    commit = _packaged(tool) or _commit(tool) or "unknown"
    return f"{NAME} {_number(tool)}, commit {commit}"


def _number(tool: Path) -> str:
    try:
        found = re.search(r'^version = "([^"]+)"', (tool / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, ValueError):
        found = None
    if found:
        return found[1]
    try:
        return metadata.version(INSTALLED)
    except metadata.PackageNotFoundError:
        return "of an unknown number"


def _commit(tool: Path) -> str:
    commit = _git(tool, "log", "-1", "--format=%H", "--", ".")
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        return ""
    changed = _git(tool, "status", "--porcelain", "--", "deploy_lib", "scripts")
    return f"{commit}, with changes that are not committed" if changed else commit


def _git(tool: Path, *words: str) -> str:
    """Empty where it is no repository, or git is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(tool), *words], capture_output=True, text=True, env=git_environment(), check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _packaged(tool: Path) -> str:
    """The commit that the package was built from, which is kept in it."""
    try:
        return (tool / "deploy_lib" / "commit.txt").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
