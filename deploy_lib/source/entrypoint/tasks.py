"""Commands that a project's own files name: tasks of pdm, Pipenv, hatch, pixi, rye and poe, targets of make and just.

https://pdm-project.org/latest/usage/scripts/, https://pipenv.pypa.io/en/latest/scripts.html,
https://hatch.pypa.io/latest/config/environment/overview/#scripts, https://poethepoet.natn.io
"""

from __future__ import annotations

from typing import Any

from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.entrypoint.targets import inside
from deploy_lib.source.makefiles import JUSTFILES, MAKEFILES, recipe_of
from deploy_lib.source.model import ReadText
from deploy_lib.source.tables import read_table, value_at

_TABLES: dict[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]] = {
    ("pdm", "run"): (("pyproject.toml", ("tool", "pdm", "scripts")),),
    ("rye", "run"): (("pyproject.toml", ("tool", "rye", "scripts")),),
    ("hatch", "run"): (
        ("pyproject.toml", ("tool", "hatch", "envs", "default", "scripts")),
        ("hatch.toml", ("envs", "default", "scripts")),
    ),
    ("pixi", "run"): (("pixi.toml", ("tasks",)), ("pyproject.toml", ("tool", "pixi", "tasks"))),
    ("pipenv", "run"): (("Pipfile", ("scripts",)),),
}
_POE = (("pyproject.toml", ("tool", "poe", "tasks")), ("poe_tasks.toml", ("tool", "poe", "tasks")))


def task_text(program: Program, read: ReadText) -> tuple[str, str] | None:
    """What the task runs as shell text, and the file that says so; None for any other program."""
    name, *words = program.words
    if name in ("make", "just"):
        return _recipe(name, [word for word in words if not word.startswith("-") and "=" not in word], program, read)
    tables = _POE if name == "poe" and words else _TABLES.get(program.runner[:2], ())
    wanted = words[0] if name == "poe" and words else name
    for file, keys in tables:
        path = inside(program, file)
        text = _text(value_at(read_table(read(path)), *keys, wanted))
        if text is not None:
            more = words[1:] if name == "poe" else words
            return " ".join([text, *more]), path
    return None


def _text(value: Any) -> str | None:
    match value:
        case str():
            return value
        case {"cmd": str(text)} | {"shell": str(text)}:
            return text
        case {"cmd": [*words]} if all(isinstance(each, str) for each in words):
            return " ".join(words)
        case [*lines] if lines and all(isinstance(each, str) for each in lines):
            return " && ".join(lines)
    return None


def _recipe(name: str, targets: list[str], program: Program, read: ReadText) -> tuple[str, str] | None:
    for file in MAKEFILES if name == "make" else JUSTFILES:
        path = inside(program, file)
        recipe = recipe_of(read(path) or "", targets)
        if recipe is not None:
            return recipe, path
    return None
