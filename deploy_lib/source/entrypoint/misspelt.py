"""A start command that names no program of the image: nearly one that everybody knows, or one that nothing installs."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Collection, Sequence

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.base_images import is_official
from deploy_lib.source.dependencies.declared import Declared
from deploy_lib.source.entrypoint.servers import SERVERS
from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.model import SITE_PACKAGES, ImageContents

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


def misspelt_command(ran: Sequence[Program], contents: ImageContents, declared: Collection[str]) -> Finding | None:
    """Of the program that ends up running. `declared` are the distributions that are installed, which may bring it."""
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


def undeclared_server(ran: Sequence[Program], contents: ImageContents, declared: Declared) -> Finding | None:
    """Advice on a well-known server that no file of requirements names, where a lock file names all that is
    installed or where they name another server instead.

    None where the requirements are not known whole, where the project itself is installed, and for a base image that
    may bring anything.
    """
    name = ran[-1].words[0] if ran else ""
    projects = any(each.prefix == SITE_PACKAGES for each in contents.unknown) or declared.brings_project
    if name not in SERVERS or not declared.files or not declared.whole or not is_official(contents.base) or projects:
        return None
    brings = {name, *_BROUGHT_BY.get(name, "").split()} if not declared.locked else {name, "waitress"}
    if brings & declared.installed or any(posixpath.basename(path) == name for path in contents.files):
        return None
    if not declared.locked and not set(SERVERS) & declared.installed:
        return None
    files = " nor ".join(declared.files) if len(declared.files) < 3 else "any of the requirements files"
    return Finding(
        Code.COMMAND_NOT_FOUND,
        Severity.ADVICE,
        f"the start command is {name}, and {'neither ' if ' nor ' in files else 'not '}{files} names it",
        fix=f"add {_BROUGHT_BY.get(name, name).split()[0]} to {declared.files[0]}",
    )


_BROUGHT_BY = {
    "uvicorn": "uvicorn fastapi mcp fastmcp gradio chainlit bentoml litestar",
    "waitress-serve": "waitress",
    "uwsgi": "uwsgi pyuwsgi",
    "functions-framework": "functions-framework",
    "functions_framework": "functions-framework",
    "huey_consumer": "huey",
    "huey_consumer.py": "huey",
}
"""Distributions that bring a server, its own first."""
