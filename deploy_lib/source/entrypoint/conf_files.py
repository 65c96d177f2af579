"""Settings that servers read from files of the image, as the words of a command line that says the same.

gunicorn: gunicorn.conf.py of its directory or -c, then GUNICORN_CMD_ARGS, then the command line
(https://docs.gunicorn.org/en/stable/configure.html). uwsgi: an ini file. hypercorn: TOML, or Python.
"""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from dataclasses import replace

from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.entrypoint.targets import inside
from deploy_lib.source.imports.syntax import tree_of
from deploy_lib.source.model import ReadText
from deploy_lib.source.option_values import value_of


def configured(program: Program, read: ReadText) -> Program:
    """The same program with what its file says; with a doubt where only running the file can tell."""
    words = program.words
    if "gunicorn" in words[:3]:
        return _gunicorn(program, read)
    if words[0] == "uwsgi":
        return _uwsgi(program, read)
    if "hypercorn" in words[:3]:
        return _hypercorn(program, read)
    return program


def _gunicorn(program: Program, read: ReadText) -> Program:
    at = program.words.index("gunicorn") + 1
    extra = _split(program.env.get("GUNICORN_CMD_ARGS", ""))
    given = [*program.words[at:], *extra]
    file = value_of(given, "-c", "--config") or "gunicorn.conf.py"
    file = file.removeprefix("file:")
    if file.startswith("python:"):
        file = f"{file.removeprefix('python:').replace('.', '/')}.py"
    text = read(inside(program, file))
    settings, doubt = _assigned(text) if text is not None else ({}, "")
    options = [f"--{key}={settings[key]}" for key in ("chdir", "pythonpath") if key in settings]
    app = [settings["wsgi_app"]] if "wsgi_app" in settings else []
    if doubt:
        doubt = f"{file} {doubt}"
    # Of two options the first is read, and of two modules too: the command line comes before the variable and the file.
    words = (*program.words[:at], *program.words[at:], *extra, *options, *app)
    return replace(program, words=words, doubt=program.doubt or doubt)


def _assigned(text: str) -> tuple[dict[str, str], str]:
    """The settings that are written out, and what is in doubt since only running it can tell."""
    try:
        tree = tree_of(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two of what is nested too deep
        return {}, "cannot be read"
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                found[name] = node.value.value
            elif name in ("chdir", "pythonpath", "wsgi_app"):
                return found, f"computes {name}"
    if re.search(r"\bsys\.path\b|\bos\.chdir\b", text):
        return found, "changes where modules are looked for"
    return found, ""


_DECIDES_TEXT = "module wsgi wsgi-file file mount chdir pythonpath python-path pp ini include env"
_UWSGI_DECIDES = frozenset(_DECIDES_TEXT.split())
"""What decides which module is imported, and where it is looked for; a port or a number of workers does not
(https://uwsgi-docs.readthedocs.io/en/latest/Options.html)."""


def _uwsgi(program: Program, read: ReadText) -> Program:
    named = value_of(program.words[1:], "--ini", "-i") or next(
        (word for word in program.words[1:] if word.endswith(".ini")), None
    )
    text = read(inside(program, named)) if named else None
    if text is None:
        return program
    words, section, doubt = [*program.words], "", ""
    for line in text.splitlines():
        heading = re.match(r"\s*\[(.+)\]", line)
        key, equals, value = line.partition("=")
        if heading:
            section = heading[1]
        elif equals and section == "uwsgi" and not line.lstrip().startswith(("#", ";")):
            words.append(f"--{key.strip()}={value.strip()}")
            decides = value.partition("=")[2] if key.strip() == "mount" else value
            if key.strip() in _UWSGI_DECIDES and re.search(r"%[dpnv(]|\$\(", decides):
                doubt = f"{named} has a placeholder in {key.strip()}"
    return replace(program, words=tuple(words), doubt=program.doubt or doubt)


def _hypercorn(program: Program, read: ReadText) -> Program:
    """application_path of -c FILE, TOML or file:FILE in Python
    (https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html)."""
    named = value_of(program.words[1:], "-c", "--config") or ""
    name = f"{named[7:].replace('.', '/')}.py" if named.startswith("python:") else named.removeprefix("file:")
    text = read(inside(program, name)) if name else None
    if text is None:
        return program
    settings, doubt = ({}, "") if name.endswith(".toml") else _assigned(text)
    if name.endswith(".toml"):
        try:
            settings = {key: value for key, value in tomllib.loads(text).items() if isinstance(value, str)}
        except (tomllib.TOMLDecodeError, RecursionError):
            doubt = "cannot be read"
    options = [settings["application_path"]] if "application_path" in settings else []
    return replace(program, words=(*program.words, *options), doubt=program.doubt or (doubt and f"{name} {doubt}"))


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
