"""Where the packages of the projects lie that the image installs: roots of imports besides the directory of the start.

src layouts and workspaces are found by what their own files say: https://docs.astral.sh/uv/concepts/projects/workspaces/,
https://setuptools.pypa.io/en/latest/userguide/package_discovery.html, https://python-poetry.org/docs/pyproject/#packages
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from deploy_lib.source.model import ImageContents, ReadText
from deploy_lib.source.option_values import value_of
from deploy_lib.source.tables import part, read_table, tables, texts


def package_roots(contents: ImageContents, read: ReadText, installed: Sequence[str] = ()) -> tuple[str, ...]:
    """Image directories that hold packages of installed projects, in order. `installed` are project directories that
    no RUN step names: of requirements files, or of a runner that installs what it starts."""
    directories = {path.rpartition("/")[0] for path in contents.files if path.endswith("/pyproject.toml")}
    roots: list[str] = []
    for project in (*contents.projects, *installed):
        top = posixpath.dirname(project) if posixpath.basename(project) == "src" else project
        for member in (top, *_members(top, directories, read)):
            roots += _roots(member, contents, read)
    return tuple(dict.fromkeys(roots))


def site_packages(files: Iterable[str]) -> tuple[str, ...]:
    """Directories of installed packages into which files of the context are copied."""
    found = (re.match(r".*?/(?:site|dist)-packages(?=/)", path) for path in files if "-packages/" in path)
    return tuple(dict.fromkeys(each[0] for each in found if each))


def installed_at_start(runner: Sequence[str], directory: str, read: ReadText) -> str | None:
    """The project that `uv run` or `hatch run` installs before it starts anything; uv only one that can be built
    (https://docs.astral.sh/uv/concepts/projects/config/#project-packaging)."""
    if tuple(runner[:2]) not in (("uv", "run"), ("hatch", "run")) or {"--no-project", "--no-sync"} & set(runner):
        return None
    given = value_of(runner, "--project", "--directory")
    place = posixpath.normpath(posixpath.join(directory, given or "."))
    while True:
        text = read(posixpath.join(place, "pyproject.toml"))
        if text is not None:
            table = read_table(text)
            built = "build-system" in table or part(table, "tool", "uv").get("package") is True
            return place if built or runner[0] == "hatch" or part(table, "tool", "uv", "workspace") else None
        if place == "/":
            return None
        place = posixpath.dirname(place)


def _members(top: str, directories: set[str], read: ReadText) -> Iterator[str]:
    """Members of a workspace, and projects that are named by their path."""
    table = read_table(read(posixpath.join(top, "pyproject.toml")))
    workspace = part(table, "tool", "uv", "workspace")
    excluded = [posixpath.join(top, each) for each in texts(workspace.get("exclude"))]
    for pattern in texts(workspace.get("members")):
        wanted = posixpath.normpath(posixpath.join(top, pattern))
        for each in sorted(directories):
            same_depth = each.count("/") == wanted.count("/")
            if same_depth and fnmatchcase(each, wanted) and not any(fnmatchcase(each, other) for other in excluded):
                yield each
    groups = [part(group, "dependencies") for group in part(table, "tool", "poetry", "group").values()]
    for entries in (part(table, "tool", "uv", "sources"), part(table, "tool", "poetry", "dependencies"), *groups):
        for source in entries.values():
            if isinstance(source, dict) and isinstance(source.get("path"), str):
                yield posixpath.normpath(posixpath.join(top, source["path"]))


def _roots(project: str, contents: ImageContents, read: ReadText) -> list[str]:
    """What the project's files say, else src/ where there is one, else the project's own directory."""
    table = read_table(read(posixpath.join(project, "pyproject.toml")))
    declared = [
        *texts(part(table, "tool", "setuptools", "packages", "find").get("where")),
        *(value for key, value in part(table, "tool", "setuptools", "package-dir").items() if key == ""),
        *(
            str(each["from"])
            for each in tables(part(table, "tool", "poetry").get("packages"))
            if isinstance(each.get("from"), str)
        ),
        *(
            posixpath.dirname(each)
            for each in texts(part(table, "tool", "hatch", "build", "targets", "wheel").get("packages"))
        ),
        *texts(part(table, "tool", "pdm", "build").get("package-dir")),
        *texts(part(table, "tool", "uv", "build-backend").get("module-root")),
    ]
    places = [posixpath.normpath(posixpath.join(project, each)) for each in declared]
    usual = [posixpath.join(project, "src"), project]
    found = [each for each in places if _holds(each, contents)]
    return found or [each for each in usual if _holds(each, contents)][:1]


def _holds(directory: str, contents: ImageContents) -> bool:
    prefix = f"{directory.rstrip('/')}/"
    return any(path.startswith(prefix) and path.endswith(".py") for path in contents.files)
