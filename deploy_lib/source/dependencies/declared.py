"""The distributions that requirements files, pyproject.toml, a Pipfile or a lock file name.

Formats: pip's requirements file format, PEP 508 and PEP 621, the tables of Poetry and Pipenv.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from deploy_lib.source.dependencies.setup_files import of_setup_cfg, of_setup_py
from deploy_lib.source.model import ImageContents, ReadContext
from deploy_lib.source.tables import Table, part, tables, texts

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(?:[<>=!~;@,]|$)")
_VERSION_IN_PARENTHESES = re.compile(r"(?<!\s)\s*\([^()]*\)")  # of PEP 345, which PEP 508 still takes
_DIRECTORY = re.compile(r"^(?:(?:-e|--editable)[\s=]*)?(?:file:|\.{0,2}/|\.)|@\s*file:")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_LOCKS = frozenset({"poetry.lock", "uv.lock", "pdm.lock"})
_OWN = frozenset({"workspace", "path"})
"""Keys of a source in pyproject.toml that lies in the repository itself."""
_TABLES = ("pyproject.toml", "Pipfile", "poetry.lock", "uv.lock", "pdm.lock")


@dataclass(frozen=True, slots=True)
class Declared:
    """Normalised names (PEP 503). `whole` is False when a file names something whose name cannot be read."""

    names: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    whole: bool = True
    brings_project: bool = False
    """A file names a directory, so that what lies there is installed like any distribution."""
    locked: bool = False
    """A lock file names all that is installed, with what each distribution needs."""
    directories: tuple[str, ...] = ()
    """Those that requirements files name, as they are written, without file: and what follows them."""
    by_command: frozenset[str] = frozenset()
    """What RUN steps install by name, `pip install flask`."""
    first_in: Mapping[str, str] = field(default_factory=dict)
    """Name -> the first file that has it."""
    extras: frozenset[str] = frozenset()
    """Of the names, as in "uvicorn[standard]"."""

    @property
    def installed(self) -> frozenset[str]:
        """By whatever names it."""
        return self.names | self.by_command


@dataclass(slots=True)
class _Reading:
    read: ReadContext
    names: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    whole: bool = True
    brings_project: bool = False
    directories: list[str] = field(default_factory=list)
    extras: set[str] = field(default_factory=set)

    def note(self, match: re.Match[str], path: str) -> None:
        """A requirement of _NAME's form."""
        name = normalised(match[1])
        self.names.setdefault(name, path)
        self.extras |= {f"{name}[{normalised(each.strip())}]" for each in (match[2] or "").split(",") if each.strip()}


def declared(contents: ImageContents, read: ReadContext) -> Declared:
    """By the files that the image installs from, and those of a known name that it holds."""
    return _of_files((*contents.installs, *_by_name(contents.files.values())), contents, read)


def installed(contents: ImageContents, read: ReadContext) -> Declared:
    """Only by the files that RUN steps install from, with the locks beside them."""
    locks = (
        posixpath.join(posixpath.dirname(path), lock)
        for path in contents.installs
        if posixpath.basename(path) in _TABLES
        for lock in sorted(_LOCKS)
    )
    return _of_files((*contents.installs, *(lock for lock in locks if read(lock) is not None)), contents, read)


def _of_files(paths: Sequence[str], contents: ImageContents, read: ReadContext) -> Declared:
    reading = _Reading(read)
    for path in dict.fromkeys(paths):
        if posixpath.basename(path) in _TABLES:
            _table(path, reading)
        elif posixpath.basename(path) == "setup.py":
            _setup_py(path, reading)
        else:
            _requirements(path, reading)
    return Declared(
        frozenset(reading.names),
        tuple(reading.files),
        reading.whole,
        reading.brings_project,
        any(posixpath.basename(path) in _LOCKS for path in reading.files),
        tuple(dict.fromkeys(reading.directories)),
        frozenset(map(normalised, contents.packages)),
        first_in=reading.names,
        extras=frozenset(reading.extras),
    )


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _by_name(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        name = posixpath.basename(path)
        listed = name.endswith(".txt") and (
            name.startswith("requirements") or posixpath.basename(posixpath.dirname(path)) == "requirements"
        )
        if listed or name in _TABLES:
            yield path


def _requirements(path: str, reading: _Reading) -> None:
    content = None if path in reading.files else reading.read(path)
    if content is None:
        reading.whole = reading.whole and path in reading.files
        return
    reading.files.append(path)
    for line in re.sub(r"\\\r?\n", " ", content.decode("utf-8", "replace")).splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text:
            _requirement(text, path, reading)


def _requirement(text: str, path: str, reading: _Reading) -> None:
    included = re.match(r"(?:-r|--requirement)[\s=]*(\S+)", text)
    if included:
        _requirements(posixpath.normpath(posixpath.join(posixpath.dirname(path), included[1])), reading)
        return
    editable = re.match(r"(?:-e|--editable)[\s=]*(\S+)", text)
    if text.startswith("-") and not editable:
        return
    if _DIRECTORY.search(text):
        reading.brings_project = True
        written = re.sub(r"^(-e|--editable)[\s=]*|^[\w.-]+\s*(\[[^\]]*\])?\s*@\s*", "", text)
        reading.directories.append(re.split(r"[\[;#\s]", re.sub(r"^file:(//)?", "", written))[0])
    egg, named = _EGG.search(text), None if editable else _NAME.match(text)
    if egg and not _DIRECTORY.search(text):
        reading.names.setdefault(normalised(egg[1]), path)
    elif named and not _DIRECTORY.search(text):
        reading.note(named, path)
    elif not (egg or named):
        reading.whole = False


def _table(path: str, reading: _Reading) -> None:
    table = _parsed(reading.read(path) or b"")
    if table is None:
        reading.whole = False
        return
    reading.files.append(path)
    reading.brings_project = reading.brings_project or any(_paths(table))
    sources = part(table, "tool", "uv", "sources")
    of_poetry = part(table, "tool", "poetry", "dependencies")
    given = (*sources.items(), *of_poetry.items())
    own = {normalised(name) for name, source in given if isinstance(source, dict) and _OWN & source.keys()}
    own |= {normalised(str(part(table, *keys).get("name"))) for keys in (("project",), ("tool", "poetry"))}
    for requirement in _listed(table):
        found = _NAME.match(_VERSION_IN_PARENTHESES.sub("", requirement, count=1))
        if found and normalised(found[1]) not in own:
            reading.note(found, path)
    _dynamic(path, table, reading)


@lru_cache(maxsize=8)
def _parsed(content: bytes) -> Table | None:
    """None for what is no TOML. Kept, since a long lock file is asked for several times in a check."""
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):  # the last of what is nested too deep
        return None


def _setup_py(path: str, reading: _Reading) -> None:
    """With setup.cfg beside it, from which setuptools reads what setup() is not given."""
    content = reading.read(path)
    listed = of_setup_py(content) if content is not None else None
    if listed is None:
        reading.whole = False
        return
    beside = posixpath.join(posixpath.dirname(path), "setup.cfg")
    settings = reading.read(beside)
    for file, requirements in ((path, listed), (beside, of_setup_cfg(settings) if settings else ())):
        reading.files += [file] if requirements or file == path else []
        for found in filter(None, map(_NAME.match, requirements)):
            reading.note(found, file)


def _dynamic(path: str, table: Table, reading: _Reading) -> None:
    """What setuptools reads from other files; other backends' ways are not followed
    (https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html#dynamic-metadata)."""
    if "dependencies" not in texts(part(table, "project").get("dynamic")):
        return
    files = texts(part(table, "tool", "setuptools", "dynamic", "dependencies").get("file"))
    for file in files:
        _requirements(posixpath.normpath(posixpath.join(posixpath.dirname(path), file)), reading)
    reading.whole = reading.whole and bool(files)


def _listed(table: Table) -> Iterator[str]:
    project, tools = part(table, "project"), part(table, "tool")
    for group in (
        project.get("dependencies"),
        *part(project, "optional-dependencies").values(),
        *part(table, "dependency-groups").values(),
        part(tools, "uv").get("dev-dependencies"),
        *part(tools, "pdm", "dev-dependencies").values(),
    ):
        yield from texts(group)
    poetry = part(tools, "poetry")
    groups = [part(group, "dependencies") for group in part(poetry, "group").values() if isinstance(group, dict)]
    older = part(poetry, "dev-dependencies")
    for names in (part(poetry, "dependencies"), older, *groups, part(table, "packages"), part(table, "dev-packages")):
        for name, wanted in names.items():
            if name == "python":  # Poetry's word for the interpreter
                continue
            extras = texts(wanted.get("extras")) if isinstance(wanted, dict) else ()
            yield f"{name}[{','.join(extras)}]"
    for each in tables(table.get("package")):
        if not _is_project(part(each, "source")):
            yield str(each.get("name", ""))


def _is_project(source: Table) -> bool:
    """In uv.lock the project itself has an entry of its own, with the directory that it lies in
    (https://docs.astral.sh/uv/concepts/projects/layout/), and poetry.lock says so of a path."""
    return bool({"virtual", "editable", "directory"} & source.keys()) or source.get("type") == "directory"


def _paths(table: Table) -> Iterator[str]:
    """Directories that Pipenv, Poetry and uv install from; the project's own entry in a lock file is none of them."""
    tools = part(table, "tool")
    poetry = part(tools, "poetry")
    groups = [part(group, "dependencies") for group in part(poetry, "group").values() if isinstance(group, dict)]
    sources = part(tools, "uv", "sources")
    for entries in (part(table, "packages"), part(poetry, "dependencies"), *groups, sources):
        yield from (str(each["path"]) for each in entries.values() if isinstance(each, dict) and "path" in each)
