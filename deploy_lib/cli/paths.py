"""Where things are kept: journals and the local cloud live in the user's state directory, never in the checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from deploy_lib.model.not_possible import NotPossible

TOOL = Path(__file__).resolve().parents[2]
"""The directory that holds scripts/ and config/ of this tool."""


def given_path(text: str) -> Path:
    """A path that somebody typed, its ~ read as a shell reads it. Raises NotPossible where it names nobody."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        user = Path(text).parts[0]
        raise NotPossible(f"{text}: there is no home directory of {user}; write the path itself") from None


def state_directory(given: str | None) -> Path:
    """--state, else DEPLOY_STATE_DIR, else the platform's place for state. Raises NotPossible when that is a file."""
    for source, named in (("--state", given), ("DEPLOY_STATE_DIR", os.environ.get("DEPLOY_STATE_DIR"))):
        if named:
            path = Path(os.path.realpath(given_path(named)))
            if path.exists() and not path.is_dir():
                raise NotPossible(f"{source} {named} is not a directory; name a directory, which need not be there yet")
            return path
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "deploy-to-gcp"


def releases_directory(state: Path, project: str) -> Path:
    """<state>/releases/<project>; below it one directory per service and release."""
    return state / "releases" / project


def release_directory(state: Path, project: str, service: str, release_id: str) -> Path:
    return releases_directory(state, project) / service / release_id


def local_cloud_directory(state: Path) -> Path:
    return state / "local-cloud"
