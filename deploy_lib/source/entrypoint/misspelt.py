"""A start command that names no program of the image, and nearly one that everybody knows."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Collection

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.entrypoint.read import programs_of
from deploy_lib.source.entrypoint.scripts import ReadText
from deploy_lib.source.entrypoint.servers import SERVERS
from deploy_lib.source.model import ImageContents

_KNOWN = (*SERVERS, "flask", "fastapi", "python", "python3")
_OF_PYTHON = ("python", "python3")
_NEAR = 0.82
"""Of difflib's ratio: one letter left out, doubled, or two exchanged."""
_VERSION = re.compile(r"[\d.]+$")


def nearest(program: str) -> str | None:
    """The server that a misspelt name most likely means; None for any other, and for one that is spelt well.

    gunicorn3 and python3.12 are programs of their own.
    """
    stem = _VERSION.sub("", program)
    if program in _KNOWN or stem in _KNOWN or "/" in program or "$" in program:
        return None
    return next(iter(difflib.get_close_matches(program, _KNOWN, 1, _NEAR)), None)


def misspelt_command(contents: ImageContents, read: ReadText, declared: Collection[str]) -> Finding | None:
    """The program that ends up running. `declared` are the distributions that are installed, which may bring it."""
    ran = programs_of(contents, read)
    if not ran:
        return None
    name = ran[-1].words[0]
    near = nearest(name)
    brought = name.lower() in declared or any(posixpath.basename(path) == name for path in contents.files)
    if near is None or brought:
        return None
    message = f"the start command {name} is not in the image: nothing installs it, and no file has that name"
    fix = f"write {near} instead of {name} in CMD or ENTRYPOINT"
    if near not in (*declared, *_OF_PYTHON):
        fix = f"{fix}, and let the Dockerfile install {near}"
    return Finding(Code.COMMAND_NOT_FOUND, Severity.ERROR, message, fix=fix)
