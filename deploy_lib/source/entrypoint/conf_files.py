"""Settings that servers read from files of the image, as the words of a command line that says the same.

gunicorn: gunicorn.conf.py of its directory or -c, then GUNICORN_CMD_ARGS, then the command line
(https://docs.gunicorn.org/en/stable/configure.html). uwsgi: an ini file. supervisord and honcho start what their own
files name.
"""

from __future__ import annotations

import ast
import configparser
import posixpath
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import pairwise

from deploy_lib.source.entrypoint.shell import Program, shell_programs
from deploy_lib.source.entrypoint.targets import inside
from deploy_lib.source.model import ReadText
from deploy_lib.source.option_values import value_of

_SUPERVISOR = ("supervisord.conf", "etc/supervisord.conf", "/etc/supervisord.conf", "/etc/supervisor/supervisord.conf")
_PAIR = re.compile(r"(\w+)=(\"[^\"]*\"|'[^']*'|[^,]*)")
_OF_THE_ENVIRONMENT = re.compile(r"%\(ENV_(\w+)\)s")
_WEB_SERVERS = frozenset({"daphne", "flask", "granian", "gunicorn", "hypercorn", "uvicorn", "uwsgi", "waitress-serve"})
_PROCESS = re.compile(r"^([\w-]+):\s*(.+)$", re.MULTILINE)


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


def managed(program: Program, read: ReadText, files: Iterable[str] = ()) -> Iterator[Program]:
    """What supervisord or honcho starts, a web server last; any other program is itself. `files` are the image's."""
    name, *words = program.words
    if name == "supervisord":
        given = value_of(words, "-c", "--configuration")
        paths = [inside(program, each) for each in ([given] if given else _SUPERVISOR)]
        path = next((each for each in paths if read(each) is not None), "")
        found = sorted(_supervised(path, program, read, files), key=_is_web)
    elif name in ("honcho", "foreman", "goreman", "hivemind", "overmind"):
        text = read(inside(program, value_of(words, "-f", "--procfile") or "Procfile"))
        found = [each for _, each in sorted(_of_procfile(text, words, program), key=lambda pair: pair[0] == "web")]
    else:
        found = []
    yield from found or (program,)


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
        tree = ast.parse(text)
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
            if key.strip() in _UWSGI_DECIDES and re.search(r"%[dpnv(]|\$\(", value):
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
        except tomllib.TOMLDecodeError:
            doubt = "cannot be read"
    options = [settings["application_path"]] if "application_path" in settings else []
    return replace(program, words=(*program.words, *options), doubt=program.doubt or (doubt and f"{name} {doubt}"))


def _supervised(path: str, program: Program, read: ReadText, files: Iterable[str]) -> Iterator[Program]:
    """What its programs run, and those of the files that it includes (http://supervisord.org/configuration.html)."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, inline_comment_prefixes=(";",))
    here = posixpath.dirname(path)
    try:
        parser.read_string(read(path) or "")
        for pattern in parser.get("include", "files", fallback="").split():
            wanted = posixpath.join(here, pattern.replace("%(here)s", here))
            for each in sorted(files):
                if fnmatchcase(each, wanted):
                    parser.read_string(read(each) or "")
    except configparser.Error:
        return
    for section in parser.sections():
        command = parser.get(section, "command", fallback="").replace("%(here)s", here)
        if section.startswith("program:") and command:
            directory = inside(program, parser.get(section, "directory", fallback=""))
            env = dict(program.env)
            for name, value in _PAIR.findall(parser.get(section, "environment", fallback="")):
                env[name] = value.strip("\"' ")
            command = _OF_THE_ENVIRONMENT.sub(lambda found, env=env: env.get(found[1], ""), command)  # type: ignore[misc]
            yield from shell_programs(command, directory, env)


def _is_web(program: Program) -> bool:
    return bool(_WEB_SERVERS & set(program.words[:3]))


def _of_procfile(text: str | None, words: list[str], program: Program) -> Iterator[tuple[str, Program]]:
    wanted = {word for before, word in pairwise(["", *words]) if before not in ("-f", "--procfile", "-e", "--env")}
    named = wanted & {name for name, _ in _PROCESS.findall(text or "")}
    for name, command in _PROCESS.findall(text or ""):
        if not named or name in named:
            for each in shell_programs(command, program.directory, program.env):
                yield name, each


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
