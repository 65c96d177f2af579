"""The entrypoint of an image: what the YAML names, found where the image's own command would look for it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace

from deploy_lib.source.entrypoint.model import Entrypoint
from deploy_lib.source.entrypoint.servers import named_by, target
from deploy_lib.source.entrypoint.shell import Program, programs, script_of, shell_programs
from deploy_lib.source.model import ImageContents

ReadText = Callable[[str], str | None]
"""Text of an image path; None when the image has none there."""


def read_entrypoint(contents: ImageContents, given: str | None, read: ReadText) -> Entrypoint | None:
    """None when nothing names a module. `given` is the YAML's entrypoint, module or module:app.

    What an installed project holds is looked for last, where Python has its installed packages.
    """
    entry = _read(contents, given, read)
    return replace(entry, roots=tuple(dict.fromkeys((*entry.roots, *contents.projects)))) if entry else None


def _read(contents: ImageContents, given: str | None, read: ReadText) -> Entrypoint | None:
    runs = _of_command(contents, read)
    if given is None:
        return runs
    named = target(given)
    if named is None:
        return None
    roots = (*(runs.roots if runs else ()), contents.workdir)
    main = runs is not None and runs.main and runs.module == named.module
    return replace(named, main=main, roots=_with_python_path(roots, contents.env, contents.workdir), told_by=given)


def _of_command(contents: ImageContents, read: ReadText) -> Entrypoint | None:
    ran = programs(contents.command, contents.workdir, contents.env)
    script = script_of(contents.command, contents.workdir)
    text = read(script) if script else None
    if text is not None:
        ran = list(shell_programs(text, contents.workdir, contents.env))
    for program in reversed(ran):
        entry = named_by(program)
        if entry:
            return _complete(entry, program, contents)
    return None


def _complete(entry: Entrypoint, program: Program, contents: ImageContents) -> Entrypoint:
    roots = _with_python_path(entry.roots, program.env, program.directory)
    told_by = " ".join(contents.command)
    return replace(entry, roots=roots, told_by=told_by if len(told_by) < 80 else f"{told_by[:77]}...")


def _with_python_path(roots: tuple[str, ...], env: Mapping[str, str], directory: str) -> tuple[str, ...]:
    parts = [part for part in env.get("PYTHONPATH", "").split(":") if part]
    inside = (posixpath.normpath(posixpath.join(directory, part)) for part in parts)
    return tuple(dict.fromkeys((*roots, *inside)))
