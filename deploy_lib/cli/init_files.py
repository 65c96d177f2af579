"""What init finds out from the repository's own files: the Dockerfile, its context, and the path of its health."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy_lib.cli.paths import given_path
from deploy_lib.cli.program import shorter
from deploy_lib.cli.repository import files_of
from deploy_lib.config.file_text import NotReadable, read_text
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.source.dockerfile.syntax import parse
from deploy_lib.source.health_path import HealthPath, health_path

HERE = "Dockerfile"
_DOCKERFILES = ("Dockerfile", "*/Dockerfile", "*.Dockerfile", "*Dockerfile.*", ":(exclude)*.dockerignore")
_PROBES = ("readiness_probe", "startup_probe", "liveness_probe")


def dockerfile_of(root: Path, given: str | None, command: str) -> tuple[str, str]:
    """Its path in the repository, and its text. The only one there is, where none is given and none is at the top.

    Raises NotPossible, with the `command` that names one of several.
    """
    path = given or HERE
    if not given and not (root / HERE).exists():
        found = files_of(root, *_DOCKERFILES)
        if len(found) > 1:
            lines = "".join(f"\n  {shorter(command)} --dockerfile {each}" for each in found[:10])
            raise NotPossible(f"there is no {HERE} at the top, and {len(found)} below it; name one:{lines}")
        path = found[0] if found else HERE
    try:
        return path, read_text(given_path(str(root / path)), "a Dockerfile")
    except NotReadable as error:
        hint = "" if given else "; name it with --dockerfile"
        raise NotPossible(f"{path}: {error}{hint}") from None


def context_of(root: Path, dockerfile: str, text: str) -> str:
    """The repository's top, or the Dockerfile's own directory where only that one holds all that it copies.

    Raises Refused for a text that is no Dockerfile.
    """
    beside = Path(dockerfile).parent
    copied = list(_copied(text))
    in_top, in_own = (all(_is_there(place, name) for name in copied) for place in (root, root / beside))
    return beside.as_posix() if in_own and not in_top else "."


def _is_there(place: Path, pattern: str) -> bool:
    try:
        return any(place.glob(pattern))
    except (ValueError, NotImplementedError):  # a pattern of Docker's and not of Python's
        return False


def _copied(text: str) -> Iterator[str]:
    """Sources of its COPYs that are written out."""
    for stage in parse(text).stages:
        for instruction in stage.instructions:
            if instruction.name in ("COPY", "ADD") and instruction.flag("from") is None:
                sources = (path.strip("/") for path in instruction.paths()[:-1] if "$" not in path and ":" not in path)
                yield from (path for path in sources if path.removeprefix("./") not in ("", "."))


def health_of(root: Path, entry: Mapping[str, Any]) -> HealthPath | None:
    """What the service's own probes ask, else what the files tell; None where nothing does."""
    for probe in _PROBES:
        if path := (entry.get(probe) or {}).get("path"):
            return HealthPath(path, probe)
    dockerfile = str(entry.get("dockerfile") or HERE)
    sources = (path for path in files_of(root, "*.py") if not _is_of_tests(path))
    return health_path((dockerfile, _text(root / dockerfile)), ((path, _text(root / path)) for path in sources))


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except NotReadable:
        return ""


def _is_of_tests(path: str) -> bool:
    """By the names that pytest and unittest look for, and the directories they lie in."""
    *directories, name = path.split("/")
    return not {"test", "tests"}.isdisjoint(directories) or name.startswith("test") or name.endswith("_test.py")
