"""Runs the command in an environment that has the packages: this one, else .venv, made first where it is missing.

A vendored copy of the tool that is installed into a project's environment is used as it is.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from types import ModuleType

from deploy_lib.cli.called import INTERPRETER, NAME
from deploy_lib.cli.paths import TOOL
from deploy_lib.cli.process import without_signals
from deploy_lib.model.not_possible import NotPossible

NEEDED = ("pydantic", "yaml", "httpx", "tenacity", "google.cloud.run_v2")
LOCAL_NEEDED = "aiohttp"
MARK = "DEPLOY_TO_GCP_BOOTSTRAPPED"


def run(argv: list[str]) -> int:
    """The command's exit code, whichever interpreter ran it."""
    if sys.version_info < (3, 11):  # noqa: UP036  the command is started with whatever Python there is
        print(f"{NAME}: Python 3.11 or newer is needed; this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    needs_none = {"-h", "--help", "--version"} & set(argv) or argv[:1] == ["completion"]
    if needs_none or os.environ.get(MARK) or _complete():
        from deploy_lib.cli.main import main

        return main(argv)
    from deploy_lib.cli.main import parsed
    from deploy_lib.cli.result import tell_misuse

    parsed(argv)  # misuse is told before anything is installed
    dev = _dev()
    try:
        dev.prepare(dev.RELEASE)
    except dev.Stop as stop:
        print(f"{NAME}: {stop}", file=sys.stderr)
        tell_misuse(argv, str(stop))
        return 2
    return _again(str(dev.PYTHON), argv)


def prepare_local_cloud() -> None:
    """What the local cloud needs besides is installed too, once, into the tool's own .venv.

    Raises NotPossible with the command for another environment, which is the user's own.
    """
    if importlib.util.find_spec(LOCAL_NEEDED) is not None:
        return
    dev = _dev()
    if os.path.realpath(sys.prefix) != os.path.realpath(dev.VENV):
        command = shlex.join([sys.executable, "-m", "pip", "install", "-r", str(dev.REHEARSAL[-1])])
        raise NotPossible(f"the local cloud needs {LOCAL_NEEDED}, which is not installed: {command}", 4)
    try:
        dev.prepare(dev.REHEARSAL)
    except dev.Stop as stop:
        raise NotPossible(str(stop), 4) from None


def _dev() -> ModuleType:
    sys.path.insert(0, str(TOOL / "scripts"))
    import dev

    return dev


def _again(python: str, argv: list[str]) -> int:
    command = [python, str(TOOL / "scripts" / "deploy_to_gcp.py"), *argv]
    environment = {**os.environ, MARK: "1", INTERPRETER: sys.executable}
    if os.name == "nt":  # there, exec would return to the shell before the command has ended
        import subprocess

        return subprocess.call(command, env=environment)
    sys.stdout.flush()
    without_signals()  # they wait for the other Python to be ready for them
    return os.execve(command[0], command, environment)


def _complete() -> bool:
    """Whether every package can be found; looks for files and imports nothing heavy."""
    try:
        return all(importlib.util.find_spec(name) is not None for name in NEEDED)
    except ImportError:
        return False
