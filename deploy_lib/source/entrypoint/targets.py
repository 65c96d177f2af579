"""The module that a command line names, module:app or a file, and where it is looked for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from deploy_lib.source.entrypoint.model import Entrypoint
from deploy_lib.source.entrypoint.shell import Program

_TARGET = re.compile(r"(?:\w+:)??([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)(?:\.\w+)*(\(.*\))?")
_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
OF_OPTIONS = {  # whose value may look like module:name
    "-b", "--bind", "-k", "--worker-class", "-c", "--config", "--log-config", "--logger-class", "--host", "--uds",
    "-e", "--env", "--header", "--access-logformat", "--log-level", "--loop", "--http", "--ws", "--interface",
}  # fmt: skip


def target(text: str) -> Entrypoint | None:
    """module, module:app, module:factory()."""
    found = _TARGET.fullmatch(text)
    if found:
        return Entrypoint(found[1], found[2], called=bool(found[3]))
    module = _MODULE.fullmatch(text)
    return Entrypoint(module[1]) if module else None


def module_of(file: str, exists: Callable[[str], bool]) -> Entrypoint | None:
    """The module that a file is within the packages around it, found from the directory above them."""
    directory, _, last = file.removesuffix(".py").rpartition("/")
    names = [last]
    while exists(f"{directory}/__init__.py"):
        directory, _, last = directory.rpartition("/")
        names.insert(0, last)
    module = target(".".join(names))
    return replace(module, roots=(directory or "/",)) if module else None


def first_target(words: Sequence[str]) -> Entrypoint | None:
    """The first module:app among the words that is not the value of an option."""
    before = ""
    for word in words:
        if not word.startswith("-") and before not in OF_OPTIONS:
            found = target(word)
            if found and found.attribute:
                return found
        before = word
    return None


_GUNICORN_FLAGS = {  # those without a value (docs.gunicorn.org/en/stable/settings.html); all others take one
    "-R", "-D", "--reload", "--spew", "--check-config", "--print-config", "--preload", "--daemon", "--capture-output",
    "--enable-stdio-inheritance", "--no-sendfile", "--reuse-port", "--log-syslog", "--proxy-protocol",
    "--disable-redirect-access-to-syslog", "--initgroups",
    "--suppress-ragged-eofs", "--do-handshake-on-connect", "--strip-header-spaces", "--no-control-socket",
    "--permit-obsolete-folding", "--permit-unconventional-http-method", "--permit-unconventional-http-version",
    "--casefold-http-method",
}  # fmt: skip


def positional_module(words: Sequence[str]) -> Entrypoint | None:
    """A module alone, wherever it stands between the options."""
    for before, word in pairwise(("", *words)):
        takes = before.startswith("-") and "=" not in before and before not in _GUNICORN_FLAGS
        if not word.startswith("-") and not takes and (found := target(word)):
            return found
    return None


def looked_for_in(entry: Entrypoint, program: Program, directory: str) -> Entrypoint:
    """With that directory, from the working directory on, as the first place of sys.path."""
    return replace(entry, roots=(inside(program, directory),))


def inside(program: Program, path: str) -> str:
    """The absolute path of what a program calls `path`."""
    return posixpath.normpath(posixpath.join(program.directory, path))
