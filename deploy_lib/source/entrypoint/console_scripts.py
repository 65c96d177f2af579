"""Entry points of a project that its pyproject.toml, setup.cfg or setup.py names: commands, and what others look up.

https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

import ast
import configparser
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import replace

from deploy_lib.source.entrypoint.model import Entrypoint
from deploy_lib.source.entrypoint.targets import target
from deploy_lib.source.imports.syntax import tree_of
from deploy_lib.source.model import ReadText
from deploy_lib.source.tables import Table, part, read_table

COMMANDS = "console_scripts"


def console_script(name: str, projects: Iterable[str], read: ReadText, group: str = COMMANDS) -> Entrypoint | None:
    """What the command of that name imports and calls; or the entry point of another group.

    `projects` are the image directories that RUN steps install, or their `src`.
    """
    for project in projects:
        for directory in (project, posixpath.dirname(project)):
            for command, value in _points(directory, read, group):
                if command == name and (found := target(value.partition("[")[0].strip())):
                    return replace(found, called=True)
    return None


def _points(directory: str, read: ReadText, group: str) -> Iterator[tuple[str, str]]:
    text = read(posixpath.join(directory, "pyproject.toml"))
    yield from _of_table(read_table(text), group)
    text = read(posixpath.join(directory, "setup.cfg"))
    if text is not None:
        yield from _of_setup_cfg(text, group)
    text = read(posixpath.join(directory, "setup.py"))
    if text is not None:
        yield from _of_setup_py(text, group)


def _of_table(table: Table, group: str) -> Iterator[tuple[str, str]]:
    places: tuple[tuple[str, ...], ...] = (("project", "scripts"), ("tool", "poetry", "scripts"))
    if group != COMMANDS:
        places = (("project", "entry-points", group), ("tool", "poetry", "plugins", group))
    for path in places:
        for name, value in part(table, *path).items():
            yield str(name), str(value.get("reference", "") if isinstance(value, dict) else value)


def _of_setup_cfg(text: str, group: str) -> Iterator[tuple[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    yield from _lines(parser.get("options.entry_points", group, fallback=""))


def _of_setup_py(text: str, group: str) -> Iterator[tuple[str, str]]:
    """What setup() is given as entry_points, when it is written out."""
    try:
        tree = tree_of(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two of what is nested too deep
        return
    given = [each.value for each in ast.walk(tree) if isinstance(each, ast.keyword) and each.arg == "entry_points"]
    for value in given:
        try:
            points = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(points, str):
            yield from _of_setup_cfg(f"[options.entry_points]\n{group} =\n{_section(points, group)}", group)
        elif isinstance(points, dict):
            scripts = points.get(group, ())
            yield from _lines(scripts if isinstance(scripts, str) else "\n".join(map(str, scripts)))


def _section(points: str, group: str) -> str:
    """The lines of the group, each with a space before it."""
    _, _, after = points.partition(f"[{group}]")
    return "\n".join(f"  {line.strip()}" for line in after.partition("[")[0].splitlines() if line.strip())


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            yield name.strip(), value.strip()
