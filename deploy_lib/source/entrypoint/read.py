"""The entrypoint of an image: what the YAML names, found where the image's own command would look for it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from deploy_lib.source.entrypoint.conf_files import configured
from deploy_lib.source.entrypoint.console_scripts import console_script
from deploy_lib.source.entrypoint.launch import PYTHON, launch_of
from deploy_lib.source.entrypoint.model import Entrypoint
from deploy_lib.source.entrypoint.paste import pasted
from deploy_lib.source.entrypoint.scripts import file_of, is_python, started
from deploy_lib.source.entrypoint.servers import named_by, script_of
from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.entrypoint.targets import inside, target
from deploy_lib.source.model import ImageContents, ReadText
from deploy_lib.source.packed_projects import described
from deploy_lib.source.projects import installed_at_start, package_roots, site_packages


def read_entrypoint(
    contents: ImageContents,
    given: str | None,
    read: ReadText,
    installed: Sequence[str] = (),
    ran: Sequence[Program] | None = None,
) -> Entrypoint | None:
    """None when nothing names a module. `given` is the YAML's entrypoint, module or module:app. `installed` are image
    directories of projects that requirements files name. `ran` are the programs that are started, once they are known.

    What an installed project holds is looked for last, where Python has its installed packages.
    """
    entry = _read(contents, given, read, started(contents, read).programs if ran is None else ran)
    if entry is None:
        return None
    launch = entry.launch
    brought = installed_at_start(launch.runner, launch.directory, read) if launch else None
    projects = (*installed, *([brought] if brought else ()))
    more = (*package_roots(contents, read, projects), *site_packages(contents.files))
    return replace(entry, roots=tuple(dict.fromkeys((*entry.roots, *more))), installs=brought or "")


def _read(contents: ImageContents, given: str | None, read: ReadText, ran: Sequence[Program]) -> Entrypoint | None:
    servers = [(program, entry) for program in ran if (entry := _named_by(program, contents, read))]
    if servers and servers[-1][1].main and _another_follows(servers[-1][0], ran):
        servers = []  # a migration before a server that nobody knows
    runs = servers[-1][1] if servers else None
    if given is None:
        return replace(runs, doubt=runs.doubt or _branches(servers)) if runs else None
    named = target(given)
    if named is None:
        return None
    launch = runs.launch if runs else launch_of(ran[-1]) if ran else None
    roots = (*(runs.roots if runs else ()), contents.workdir)
    main = runs is not None and runs.main and runs.module == named.module
    roots = _with_python_path(roots, contents.env, contents.workdir)
    return replace(named, main=main, roots=roots, named_by=given, launch=launch, doubt=runs.doubt if runs else "")


def _branches(servers: Sequence[tuple[Program, Entrypoint]]) -> str:
    """The doubt where the last server stands in a branch of a script, and other branches start others."""
    program, last = servers[-1]
    several = sorted({str(last), *(str(entry) for each, entry in servers if each.branch)})
    if not program.branch or len(several) == 1:
        return ""
    return f"the script starts one of {', '.join(several)}, as a condition says"


_BESIDE = frozenset({"echo", "exit", "kill", "nginx", "printf", "set", "sleep", "tail", "trap", "true", "wait"})


def _another_follows(program: Program, ran: Sequence[Program]) -> bool:
    """Whether the script goes on with a program that may be the server."""
    later = ran[ran.index(program) + 1 :]
    return any(each.words[0] not in _BESIDE and not each.words[0].startswith("[") for each in later)


def _named_by(program: Program, contents: ImageContents, read: ReadText) -> Entrypoint | None:
    program = configured(_without_interpreter(program, read), read)
    entry = named_by(program, lambda path: read(path) is not None)
    if entry is None and (file := file_of(program, read)) and is_python(read(file) or ""):
        entry = script_of(file, program)
    brought = installed_at_start(program.runner, program.directory, read)
    projects = (*contents.projects, *described(contents), *([brought] if brought else ()))
    entry = entry or pasted(program, read, lambda name, group: console_script(name, projects, read, group))
    entry = entry or console_script(program.words[0], projects, read)
    return _complete(entry, program, contents) if entry else None


def _without_interpreter(program: Program, read: ReadText) -> Program:
    """`python /venv/bin/gunicorn app:app` is the program that an installer put there, unless a COPY brings the file."""
    name, *words = program.words
    in_bin = bool(words) and posixpath.basename(posixpath.dirname(words[0])) == "bin"
    if not PYTHON.fullmatch(name) or not in_bin or read(inside(program, words[0])) is not None:
        return program
    return replace(program, words=(posixpath.basename(words[0]), *words[1:]), written=words[0])


def _complete(entry: Entrypoint, program: Program, contents: ImageContents) -> Entrypoint:
    roots = _with_python_path(entry.roots, program.env, program.directory)
    named_by = " ".join(contents.command)
    named_by = named_by if len(named_by) < 80 else f"{named_by[:77]}..."
    doubt = program.doubt or _of_a_script(entry.script, contents)
    return replace(entry, roots=roots, named_by=named_by, launch=launch_of(program), doubt=doubt)


def _of_a_script(script: str | None, contents: ImageContents) -> str:
    """Why a script that no COPY brings may be in the image after all."""
    if script is None or script in contents.files:
        return ""
    found = next((each for each in contents.unknown if each.covers(script)), None)
    return f"{found.reason} (line {found.line})" if found else ""


def _with_python_path(roots: tuple[str, ...], env: Mapping[str, str], directory: str) -> tuple[str, ...]:
    parts = [part for part in env.get("PYTHONPATH", "").split(":") if part]
    inside = (posixpath.normpath(posixpath.join(directory, part)) for part in parts)
    return tuple(dict.fromkeys((*roots, *inside)))
