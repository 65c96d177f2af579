"""Programs that are scripts of the image: followed into, as often as one starts another."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from deploy_lib.source.entrypoint.managers import is_web, managed
from deploy_lib.source.entrypoint.shell import SHELLS, Program, programs, shell_programs
from deploy_lib.source.entrypoint.targets import inside
from deploy_lib.source.entrypoint.tasks import task_text
from deploy_lib.source.entrypoint.wrappers import expanded
from deploy_lib.source.model import ImageContents, ReadText

_OF_A_SHELL = re.compile(r"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?|/\S*/with-contenv\s+)?(?:/\S*/)?(?:ba|da|a|z)?sh\b")
_OF_PYTHON = re.compile(r"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?)?(?:\S*/)?(?:python|pypy)[\d.]*\b|#!.*\buv run\b")
_USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DEEPEST = 6
_MOST = 1_000  # programs; scripts that start themselves several times would be followed for hours


@dataclass(frozen=True, slots=True)
class Script:
    """A script that is started. `by_shell`: a shell is told to read it, so the system need not start it."""

    path: str
    text: str
    by_shell: bool
    unsure: bool  # whether it runs depends on a condition
    first: bool  # the container's own process, which no shell starts


@dataclass(frozen=True, slots=True)
class StartedPrograms:
    """`programs` are those of the image's command, of the shell scripts that it runs, and of what a process manager
    starts, in order; the last one stays."""

    programs: list[Program] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)


def started(contents: ImageContents, read: ReadText) -> StartedPrograms:
    """What the image's command starts."""
    found = StartedPrograms()
    given = programs(contents.command, contents.workdir, contents.env)
    direct = bool(contents.command) and posixpath.basename(contents.command[0]) not in SHELLS
    for each in itertools.islice(_followed(given, read, found.scripts, _DEEPEST, first=direct), _MOST):
        group = managed(each, read, contents.files)
        inner = [
            list(itertools.islice(_followed([one], read, found.scripts, _DEEPEST - 1), _MOST)) for one in group.programs
        ]
        if group.web_last:
            inner.sort(key=lambda programs: any(map(is_web, programs)))
        found.programs.extend(itertools.chain(*inner) if group.programs else [each])
    return found


def file_of(program: Program, read: ReadText) -> str | None:
    """The image path of a program whose file the image is known to have."""
    written = expanded(program.written, program.env)
    if "/" in written:
        places = [program.directory]
    else:
        places = [each for each in f"{program.env.get('PATH', '')}:{_USUAL_PATH}".split(":") if each.startswith("/")]
    paths = (posixpath.normpath(posixpath.join(place, written)) for place in places)
    return next((path for path in paths if read(path) is not None), None)


def is_python(text: str) -> bool:
    """Whether its first line says so."""
    return _OF_PYTHON.match(text) is not None


def _followed(
    given: Sequence[Program], read: ReadText, scripts: list[Script], left: int, *, first: bool = False
) -> Iterator[Program]:
    for program in given:
        task = task_text(program, read) if left else None
        if task:
            run = shell_programs(task[0], program.directory, program.env, assigned=program.assigned, read=read)
            for each in _followed(list(run), read, scripts, left - 1):
                yield replace(
                    each,
                    runner=each.runner or program.runner,
                    branch=program.branch or each.branch,
                    doubt=program.doubt or each.doubt,
                )
            continue
        found = _script(program, read, first=first) if left else None
        if found is None:
            file = file_of(program, read) if left else None
            if file:
                scripts.append(Script(file, read(file) or "", False, program.branch, first))
            yield program
            continue
        script, arguments = found
        scripts.append(script)
        inner = shell_programs(
            script.text,
            program.directory,
            program.env,
            arguments,
            assigned=program.assigned,
            script=script.path,
            read=read,
        )
        for each in _followed(list(inner), read, scripts, left - 1):
            yield replace(each, branch=program.branch or each.branch, doubt=program.doubt or each.doubt)


def _script(program: Program, read: ReadText, *, first: bool) -> tuple[Script, tuple[str, ...]] | None:
    """The shell script that the program is, or that a shell is given, and its arguments; a script may have any name."""
    name, *words = program.words
    if name in SHELLS:
        while words and words[0].startswith("-"):
            words = words[1:]
        path = inside(program, words[0]) if words else ""
        text = read(path) if words else None
        found = Script(path, text, True, program.branch, first) if text is not None else None
        return (found, tuple(words[1:])) if found else None
    file = file_of(program, read)
    text = read(file) if file else None
    if file and text is not None and (file.endswith(".sh") or _OF_A_SHELL.match(text)):
        return Script(file, text, False, program.branch, first), tuple(words)
    return None
