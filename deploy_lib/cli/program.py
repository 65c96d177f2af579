"""How the tool was called: as a script with an interpreter, vendored somewhere, or installed as a command."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from deploy_lib.cli.called import INSTALLED, INTERPRETER
from deploy_lib.cli.paths import TOOL, given_path
from deploy_lib.cli.releasing_arguments import SERVING
from deploy_lib.model.program import TYPED_AS, Invocation

SCRIPT = TOOL / "scripts" / "deploy_to_gcp.py"
_PATH = r"'(?:[^']|'\"'\"')*'|[^\s;,)]+"


def program_of(args: argparse.Namespace, config: Path | None = None, root: Path | None = None) -> Invocation:
    """The program with the options of this command line; `config` and `root` are what they came to.

    In a build it is as it is typed where the build was asked for, since that is where people paste what it prints.
    """
    if elsewhere := os.environ.get(TYPED_AS):
        return Invocation(**{name: _value(value) for name, value in json.loads(elsewhere).items()})
    again: list[str] = []
    for flag in ("service_account", "build_local"):
        if getattr(args, flag, None):
            again += [f"--{flag.replace('_', '-')}", str(getattr(args, flag))]
    if getattr(args, "no_traffic", False):
        again.append("--no-traffic")
    released = ["--commit", args.commit] if getattr(args, "commit", None) else []
    if image := getattr(args, "skip_build", None):
        released += ["--skip-build", *([] if image == SERVING else [image])]
    state = getattr(args, "state", None)
    return Invocation(
        typed(),
        config=_absolute(config) if config else "",
        project=getattr(args, "project", None) or "",
        repo=_absolute(root) if root else "",
        region=getattr(args, "region", None) or "",
        state=_absolute(Path(state)) if state else "",
        again=tuple(again),
        released=tuple(released),
    )


def _value(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def typed() -> str:
    """The words before a command's name, with absolute paths."""
    called = Path(sys.argv[0]) if sys.argv and sys.argv[0] else SCRIPT
    if called.stem == INSTALLED:
        on_path = shutil.which(INSTALLED)
        same = on_path is not None and Path(on_path).resolve() == called.resolve()
        return INSTALLED if same or not called.exists() else shlex.quote(_absolute(called))
    return f"{_interpreter()} {shlex.quote(str(SCRIPT))}"


def shorter(text: str, standing: Path | None = None) -> str:
    """The text with this program's commands as short as they can be from where the user stands.

    Paths below it become relative, and --repo goes where git finds that repository anyway.
    """
    here, whole = standing or Path.cwd(), typed()
    text = re.sub(
        rf"\(cd ({_PATH}) && ([^\n]*)\)", lambda found: found[2] if _stands(found[1], here) else found[0], text
    )
    if whole not in text:
        return text
    brief = whole.replace(shlex.quote(str(SCRIPT)), _relative(shlex.quote(str(SCRIPT)), here))
    pattern = re.compile(rf"(?<!\S){re.escape(whole)}(?=\s|$)[^\n]*")
    return pattern.sub(lambda found: brief + _options(found[0][len(whole) :], here), text)


def _options(rest: str, here: Path) -> str:
    rest = re.sub(rf" --repo ({_PATH})", lambda found: "" if _is_found(found[1], here) else found[0], rest)
    return re.sub(
        rf"( --(?:config|repo|state)) ({_PATH})", lambda found: f"{found[1]} {_relative(found[2], here)}", rest
    )


def _stands(quoted: str, here: Path) -> bool:
    return Path(shlex.split(quoted)[0]) == here


def _is_found(quoted: str, here: Path) -> bool:
    """Whether git, asked where the user stands, comes to that very directory."""
    root = Path(shlex.split(quoted)[0])
    for directory in (here, *here.parents):
        if (directory / ".git").exists():
            return directory == root or directory.resolve() == root.resolve()
    return False


def _relative(quoted: str, here: Path) -> str:
    path = Path(shlex.split(quoted)[0])
    try:
        inside = path.relative_to(here)
    except ValueError:
        return quoted
    return shlex.quote(str(inside))


def _interpreter() -> str:
    """The name by which a shell finds it, else its path."""
    path = os.environ.get(INTERPRETER) or sys.executable or "python3"
    for name in ("python3", "python"):
        found = shutil.which(name)
        if found and Path(found).absolute() == Path(path).absolute():
            return name
    return shlex.quote(path)


def _absolute(path: Path) -> str:
    return str(given_path(str(path)).absolute())
