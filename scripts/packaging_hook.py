"""What the package is told while it is built: its dependencies from the requirements, and the commit it is made of."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

COMMIT = "deploy_lib/commit.txt"


class Dependencies(MetadataHookInterface):
    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        metadata["dependencies"] = direct(root / "deploy_lib" / "requirements.txt")
        metadata["optional-dependencies"] = {"local": direct(root / "deploy_lib" / "requirements-local.txt")}


class Commit(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """An sdist carries the commit, so that a wheel made of it has it as well."""
        commit = commit_of(Path(self.root))
        if commit:
            kept = Path(tempfile.mkdtemp()) / "commit.txt"
            kept.write_text(commit + "\n", encoding="utf-8")
            build_data["force_include"][str(kept)] = COMMIT


def direct(requirements: Path) -> list[str]:
    """The libraries above the heading "brought along", from their versions on."""
    text = requirements.read_text(encoding="utf-8").partition("along")[0]
    return [f"{name}>={version}" for name, version in re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)]


def commit_of(root: Path) -> str:
    """Of the checkout, with "-dirty" where it is changed; else what an sdist kept. Empty where nobody knows."""
    try:
        said = [
            subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "--show-toplevel"), ("rev-parse", "HEAD"), ("status", "--porcelain"))
        ]
    except (OSError, subprocess.CalledProcessError):
        said = []
    if said and Path(said[0]).resolve() == root.resolve():
        return said[1] + ("-dirty" if said[2] else "")
    kept = root / COMMIT
    return kept.read_text(encoding="utf-8").strip() if kept.is_file() else ""
