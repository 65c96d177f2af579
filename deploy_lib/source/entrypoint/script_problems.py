"""Start scripts that the system refuses: Windows line ends, no right to be executed, an interpreter that is not there.

execve(2) takes the whole first line after #!, so that it looks for an interpreter whose name ends in a carriage return;
without such a line only a shell starts the file.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.entrypoint.scripts import Script
from deploy_lib.source.model import REGULAR, ImageContents

ModeOf = Callable[[str], int]
"""Git's mode of a context path."""

_FIRST_LINE = re.compile(r"#!\s*(\S+)(?:[^\S\n]+(?:-S\s+)?(\S+))?[^\n]*?(\r?)(?:\n|$)")
_ALPINE = re.compile(r"(?:^|/)(?:python|pypy):[^@]*alpine|(?:^|/)alpine(?=[:@]|$)")
_SLIM = re.compile(r"(?:^|/)(?:python|pypy):[^@]*slim|(?:^|/)debian:[^@]*slim")
_DISTROLESS = re.compile(r"distroless/(?!.*debug)")
_LACKS = {_ALPINE: "bash dash fish ksh zsh perl", _SLIM: "fish ksh zsh node ruby", _DISTROLESS: "sh bash dash ash env"}
"""What the official images of these kinds do not hold, by the lists of packages that they are made of."""


def script_problems(
    scripts: Iterable[Script], contents: ImageContents, root: str, mode_of: ModeOf
) -> Iterator[Finding]:
    """One per script. None where a RUN step may have changed the script, or where it only may be started.

    `scripts` are those that the image's command starts; `root` is the context's.
    """
    seen = set()
    for script in scripts:
        if script.path in seen or script.unsure or _may_change(contents, script.path):
            continue
        seen.add(script.path)
        path = posixpath.join(root, contents.files[script.path])
        found = None if script.by_shell else _problem(script, path, contents, mode_of(contents.files[script.path]))
        if found:
            yield found


def _may_change(contents: ImageContents, path: str) -> bool:
    """Whether a step may have written the file after it was copied."""
    return any(each.covers(path) for each in contents.unknown)


def _problem(script: Script, path: str, contents: ImageContents, mode: int) -> Finding | None:
    first = _FIRST_LINE.match(script.text)
    if first and first[3]:
        return line_ends(path, first[1])
    if mode == REGULAR and not _is_executable(script.path, contents):
        return _not_executable(path, script.path)
    if not first:
        return _no_interpreter(path) if script.first else None
    name = posixpath.basename(first[2] if posixpath.basename(first[1]) == "env" and first[2] else first[1])
    if _lacks(contents, name) or _lacks(contents, posixpath.basename(first[1])):
        return _interpreter_missing(path, name, contents.base or "")
    return None


def _is_executable(image: str, contents: ImageContents) -> bool:
    """By a chmod of a RUN step or of COPY."""
    return any(
        image == each or image.startswith(f"{each.rstrip('/')}/") or fnmatchcase(image, each)
        for each in contents.executable
    )


def _lacks(contents: ImageContents, program: str) -> bool:
    """Whether an official image lacks the program, no step of RUN mentions it and no file has its name."""
    mentioned = program in contents.mentioned or any(posixpath.basename(path) == program for path in contents.files)
    lacking = (names for kind, names in _LACKS.items() if kind.search(contents.base or ""))
    return not mentioned and any(program in names.split() for names in lacking)


def line_ends(path: str, interpreter: str) -> Finding:
    """With the command that mends it for good: git keeps the file so from then on, whoever commits it."""
    quoted = shlex.quote(path)
    pattern = shlex.quote(f'"{path}"' if " " in path else path)
    return Finding(
        Code.WINDOWS_LINE_ENDS,
        Severity.ERROR,
        f"{path} has Windows line ends (CRLF), so that the container cannot start it: Linux looks for an interpreter "
        f"called {interpreter} with a carriage return at its end",
        file=path,
        line=1,
        fix=f"printf '\\n%s text eol=lf\\n' {pattern} >> .gitattributes && sed -i 's/\\r$//' {quoted} && "
        f"git add --renormalize -- .gitattributes {quoted} && git commit",
    )


def _not_executable(path: str, image: str) -> Finding:
    return Finding(
        Code.NOT_EXECUTABLE,
        Severity.ERROR,
        f"{path} is started, and is not executable in the commit (mode {REGULAR:o}); no RUN or COPY makes {image} so",
        file=path,
        fix=f"git update-index --chmod=+x -- {shlex.quote(path)} && git commit",
    )


def _no_interpreter(path: str) -> Finding:
    return Finding(
        Code.INTERPRETER_MISSING,
        Severity.ERROR,
        f"{path} is started without a shell, and its first line names no interpreter: exec format error",
        file=path,
        line=1,
        fix=f"write #!/bin/sh as the first line of {path}",
    )


def _interpreter_missing(path: str, interpreter: str, base: str) -> Finding:
    return Finding(
        Code.INTERPRETER_MISSING,
        Severity.ERROR,
        f"{path} is started by {interpreter}, which the base image {base} does not have and no RUN step installs",
        file=path,
        line=1,
        fix=f"install {interpreter} in the Dockerfile, or write {path} for an interpreter that the image has",
    )
