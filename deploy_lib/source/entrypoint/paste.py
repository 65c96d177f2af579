"""Applications that an ini file of Paste Deploy names, as Pyramid's `pserve` and `gunicorn --paste` read it.

https://docs.pylonsproject.org/projects/pastedeploy/en/latest/
"""

from __future__ import annotations

import configparser
import posixpath
from collections.abc import Callable, Iterator

from deploy_lib.source.entrypoint.model import Entrypoint
from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.entrypoint.targets import inside, looked_for_in, target
from deploy_lib.source.model import ReadText
from deploy_lib.source.option_values import value_of

FindPoint = Callable[[str, str], Entrypoint | None]
"""The entry point of that name and group which the installed projects have."""
FACTORIES = "paste.app_factory"
_KINDS = ("app", "application", "composite", "composit", "pipeline", "filter-app")


def pasted(program: Program, read: ReadText, find: FindPoint) -> Entrypoint | None:
    """None for other programs, and for applications that other packages bring."""
    named = _named(program)
    if not named:
        return None
    file, _, section = named.removeprefix("config:").partition("#")
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(read(inside(program, file)) or "")
    except configparser.Error:
        return None
    found = next(_applications(parser, section or "main", find), None)
    return looked_for_in(found, program, value_of(program.words, "--chdir") or "") if found else None


def _named(program: Program) -> str:
    """The file, with the section behind "#" where one is named."""
    name, *words = program.words
    if name == "gunicorn" or "gunicorn" in program.words[:3]:
        return value_of(words, "--paste", "--paster") or ""
    if name != "pserve":
        return ""
    file = next((word for word in words if word.partition("#")[0].endswith(".ini")), "")
    section = value_of(words, "-n", "--app-name")
    return f"{file}#{section}" if file and section else file


def _applications(parser: configparser.ConfigParser, name: str, find: FindPoint) -> Iterator[Entrypoint]:
    """Those of the project that the section of that name leads to, in order; each section is read once."""
    names, seen = [name], set[str]()
    while names:
        last = posixpath.basename(names.pop().strip())
        section = next((f"{kind}:{last}" for kind in _KINDS if parser.has_section(f"{kind}:{last}")), "")
        if not section or section in seen:
            continue
        seen.add(section)
        values = parser[section]
        factory, use = values.get(FACTORIES, ""), values.get("use", "")
        if section.startswith("pipeline:"):
            names += values.get("pipeline", "").split()[-1:]
        elif factory or use.startswith("call:"):
            found = target(factory or use.removeprefix("call:"))
            yield from [Entrypoint(found.module, found.attribute, called=True)] if found else []
        elif use.startswith("egg:"):
            _, _, point = use.removeprefix("egg:").partition("#")
            found = find(point or "main", FACTORIES) if not section.startswith("compos") else None
            yield from [found] if found else []
            names += reversed([value for key, value in values.items() if key.startswith("/")])
        else:
            names.append(use or values.get("next", ""))
