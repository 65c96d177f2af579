"""Process managers: what supervisord, honcho and its kin, and s6-overlay start, as their own files name it."""

from __future__ import annotations

import configparser
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

from deploy_lib.source.entrypoint.shell import Program, programs, shell_programs
from deploy_lib.source.entrypoint.targets import inside
from deploy_lib.source.model import ReadText
from deploy_lib.source.option_values import value_of

_SUPERVISOR = ("supervisord.conf", "etc/supervisord.conf", "/etc/supervisord.conf", "/etc/supervisor/supervisord.conf")
_PAIR = re.compile(r"\b(\w+)=(\"[^\"]*\"|'[^']*'|[^,]*)")
_OF_THE_ENVIRONMENT = re.compile(r"%\(ENV_(\w+)\)s")
_WEB_SERVERS = frozenset(
    {"daphne", "flask", "granian", "gunicorn", "hypercorn", "pserve", "uvicorn", "uwsgi", "waitress-serve"}
)
_PROCESS = re.compile(r"^([\w-]+):\s*(.+)$", re.MULTILINE)
_OF_S6 = re.compile(r"/etc/(?:s6-overlay/s6-rc\.d|services\.d)/[^/]+/run")


@dataclass(frozen=True, slots=True)
class Managed:
    """`web_last`: the files name no order, so that the web server is taken for the last one."""

    programs: tuple[Program, ...] = ()
    web_last: bool = True


def managed(program: Program, read: ReadText, files: Iterable[str] = ()) -> Managed:
    """What the manager starts; nothing for any other program. `files` are the image's."""
    name, *words = program.words
    if name == "supervisord":
        given = value_of(words, "-c", "--configuration")
        paths = [inside(program, each) for each in ([given] if given else _SUPERVISOR)]
        path = next((each for each in paths if read(each) is not None), "")
        return Managed(tuple(_supervised(path, program, read, files)))
    if name in ("honcho", "foreman", "goreman", "hivemind", "overmind"):
        text = read(inside(program, value_of(words, "-f", "--procfile") or "Procfile"))
        found = sorted(_of_procfile(text, words, program), key=lambda pair: pair[0] == "web")
        return Managed(tuple(each for _, each in found), web_last=False)
    if program.written == "/init":
        return Managed(tuple(_of_s6(words, program, files)))
    return Managed()


def is_web(program: Program) -> bool:
    return bool(_WEB_SERVERS & set(program.words[:3]))


def _of_s6(words: list[str], program: Program, files: Iterable[str]) -> Iterator[Program]:
    """The scripts that run services, then what /init is given (https://github.com/just-containers/s6-overlay)."""
    for path in sorted(filter(_OF_S6.fullmatch, files)):
        yield from programs([path], program.directory, program.env)
    yield from programs(words, program.directory, program.env)


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


def _of_procfile(text: str | None, words: list[str], program: Program) -> Iterator[tuple[str, Program]]:
    wanted = {word for before, word in pairwise(["", *words]) if before not in ("-f", "--procfile", "-e", "--env")}
    named = wanted & {name for name, _ in _PROCESS.findall(text or "")}
    for name, command in _PROCESS.findall(text or ""):
        if not named or name in named:
            for each in shell_programs(command, program.directory, program.env):
                yield name, each
