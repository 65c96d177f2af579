"""Runs the command in an environment that has the packages: this one, else .venv, made first where it is missing.

A vendored copy of the tool that is installed into a project's own environment is used as it is.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

from deploy_lib.cli.arguments import parse
from deploy_lib.cli.places import TOOL
from deploy_lib.cli.program import INTERPRETER

NEEDED = ("pydantic", "yaml", "httpx", "tenacity", "google.cloud.run_v2")
MARK = "DEPLOY_TO_GCP_BOOTSTRAPPED"


def run(argv: list[str]) -> int:
    """The command's exit code, whichever interpreter ran it."""
    if sys.version_info < (3, 11):  # noqa: UP036  the command is started with whatever Python there is
        print(f"deploy_to_gcp.py: Python 3.11 or newer is needed; this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    if {"-h", "--help"} & set(argv) or not argv or os.environ.get(MARK) or _complete():
        from deploy_lib.cli.main import main

        return main(argv)
    parse(argv)  # misuse is told before anything is installed
    sys.path.insert(0, str(TOOL / "scripts"))
    import dev

    try:
        with dev.locked():
            dev.install()
    except dev.Stop as stop:
        print(f"deploy_to_gcp.py: {stop}", file=sys.stderr)
        return 2
    return _again(str(dev.PYTHON), argv)


def _again(python: str, argv: list[str]) -> int:
    command = [python, str(TOOL / "scripts" / "deploy_to_gcp.py"), *argv]
    environment = {**os.environ, MARK: "1", INTERPRETER: sys.executable}
    if os.name == "nt":  # there, exec would return to the shell before the command has ended
        return subprocess.call(command, env=environment)
    sys.stdout.flush()
    return os.execve(command[0], command, environment)


def _complete() -> bool:
    """Whether every package can be found; looks for files and imports nothing heavy."""
    try:
        return all(importlib.util.find_spec(name) is not None for name in NEEDED)
    except ImportError:
        return False
