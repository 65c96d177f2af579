"""How a package gets into the image: what the repository says of it now, and what to type or to write.

The file is the one that the Dockerfile installs from, and a tool that keeps a lock is asked to add the package
itself, since a line written beside its lock would be undone or refused.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass

from deploy_lib.source.dependencies.declared import declared, normalised
from deploy_lib.source.dependencies.names import names_of, to_install
from deploy_lib.source.model import ImageContents, ReadContext

_LOCKS = (("uv.lock", "uv add"), ("poetry.lock", "poetry add"), ("pdm.lock", "pdm add"))
_COMPILED = re.compile(r"^#\s+((?:uv pip compile|pip-compile)\s.+)$", re.MULTILINE)
LAST_WITH_PKG_RESOURCES = "setuptools<81"
"""Later versions of setuptools no longer bring pkg_resources (its own warning says to pin this)."""


@dataclass(frozen=True, slots=True)
class Adding:
    """`why` is a clause about what the files say; `fix` is a command to type, or what to write after "# "."""

    why: str
    fix: str


def adding(
    module: str, contents: ImageContents, root: str, read: ReadContext, distribution: str | None = None
) -> Adding:
    """`root` is the context's directory in the repository; `distribution` is known to bring the module."""
    known = declared(contents, read)
    name = _requirement(module, distribution)
    files = [posixpath.join(root, path) for path in known.files]
    if name is None:
        top = module.partition(".")[0]
        where = files[0] if files else "what the Dockerfile installs"
        return Adding(
            "", f"# find the distribution that brings {top} (https://pypi.org/search/?q={top}), and name it in {where}"
        )
    wanted = names_of(module.partition(".")[0]) | {normalised(re.split(r"[<>=]", name)[0])}
    if named := sorted(wanted & known.names):
        return _declared(name, named[0], files)
    clause = _lacks(files, name)
    return Adding(clause, _fix(name, contents, root, read))


def _requirement(module: str, distribution: str | None) -> str | None:
    if module.partition(".")[0] == "pkg_resources":
        return LAST_WITH_PKG_RESOURCES
    return distribution or to_install(module)


def _declared(name: str, named: str, files: list[str]) -> Adding:
    """It is named already, so naming it once more helps nobody."""
    listed = " and ".join(files)
    if name == LAST_WITH_PKG_RESOURCES:
        return Adding(
            f"{listed} names {named}, whose newest versions have no pkg_resources",
            f"# write {name} instead of {named} in {files[0]}",
        )
    return Adding(
        f"{listed} names {named}, so another interpreter, stage or environment than the server's has it",
        f"# install {files[0]} in the final stage, with the Python that starts the server; {named} is named in it",
    )


def _lacks(files: list[str], name: str) -> str:
    if not files:
        return "no requirements file is installed"
    plain = re.split(r"[<>=]", name)[0]
    return f"{files[0]} does not name {plain}" if len(files) == 1 else f"neither of {', '.join(files)} names {plain}"


def _fix(name: str, contents: ImageContents, root: str, read: ReadContext) -> str:
    path = next(iter(contents.installs), None)
    if path is None:
        others = f" beside {', '.join(contents.packages[:3])}" if contents.packages else ""
        return f"# let a RUN of the Dockerfile install {name}{others}"
    here, base = posixpath.dirname(path), posixpath.basename(path)
    place = posixpath.join(root, here)
    go = f"cd {shlex.quote(place)} && " if place else ""
    quoted = shlex.quote(name)
    for lock, command in _LOCKS:
        if base in ("pyproject.toml", lock) and read(posixpath.join(here, lock)) is not None:
            return f"{go}{command} {quoted}"
    if base == "Pipfile":
        return f"{go}pipenv install {quoted}"
    if base in ("pyproject.toml", "setup.py", "setup.cfg"):
        return f"# add {name} to the dependencies in {posixpath.join(root, path)}"
    return _line(name, path, root, read, go)


def _line(name: str, path: str, root: str, read: ReadContext, go: str) -> str:
    """A further line; where the file was compiled from another, that one gets it and the compiler is run again."""
    text = (read(path) or b"").decode("utf-8", "replace")
    source = re.sub(r"\.txt$", ".in", path)
    compiled = _COMPILED.search(text)
    if compiled and read(source) is not None:
        append = _append(name, posixpath.basename(source), (read(source) or b"").decode("utf-8", "replace"))
        return f"{go}{append} && {compiled[1]}"
    return _append(name, posixpath.join(root, path), text)


def _append(name: str, path: str, text: str) -> str:
    """`echo` alone would join the name to a last line that does not end."""
    line = f"echo {shlex.quote(name)}" if not text or text.endswith("\n") else f"printf '\\n%s\\n' {shlex.quote(name)}"
    return f"{line} >> {shlex.quote(path)}"
