"""The words of source truth: what the commit lists, what the build context holds, what the image will hold.

All paths have forward slashes and no leading "./". Repository paths are relative to the repository's root, context
paths to the build context's root, image paths are absolute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Absence, Finding

Read = Callable[[str], bytes]
"""Content of a context path. Raises KeyError for a path the context does not hold."""
ReadText = Callable[[str], str | None]
"""Text of a path of the image, or of the repository; None where there is no such file."""
ReadContext = Callable[[str], bytes | None]
"""Content of a context path; None when the context has none there."""

REGULAR, EXECUTABLE, SYMLINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
UNKNOWN_SIZE = -1
"""Of a file of a commit that nobody asked git about."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One entry of a commit or of the disk; `blob` is git's id, "" for what was never hashed. `size` is in bytes."""

    path: str
    mode: int
    blob: str
    size: int


Listing = Mapping[str, TreeFile]
"""Path -> file."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The line of an ignore file, or the instruction of a Dockerfile, that decided about a path."""

    file: str  # repository path
    line: int
    text: str
    kind: Absence | None = None  # of a rule that drops the path

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Context:
    """What the builder is given. `dropped` are the commit's files under the context's root that it is not given."""

    root: str  # repository path of the context, "" for the repository's root
    files: Listing
    dropped: Mapping[str, Rule] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part of the image that nobody can predict: what a RUN step moves, what a base image brings."""

    prefix: str  # image path; everything below it
    reason: str
    line: int

    def covers(self, path: str) -> bool:
        """Whether the image path is it, or lies below it."""
        return f"{path}/".startswith(f"{self.prefix.rstrip('/')}/")


SITE_PACKAGES = "/site-packages"
"""Stands for wherever Python installs packages: as the prefix of an Unknown, where RUN put the project itself; as the
directory of files, where another stage put them."""


@dataclass(frozen=True, slots=True)
class ImageContents:
    """The final stage. `files` maps image paths to context paths; `by` to the instruction that brings each.

    `copied` are the context paths that any stage takes of those that the final one rests on.
    """

    files: Mapping[str, str]
    by: Mapping[str, Rule]
    unknown: tuple[Unknown, ...] = ()
    workdir: str = "/"
    env: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None  # reference of the final stage's base image
    python: tuple[int, int] | None = None  # of a `FROM python:3.x`
    command: tuple[str, ...] = ()  # entrypoint and command as the image would execute them
    entrypoint: tuple[str, ...] = ()  # the part of them that stays when the service brings arguments of its own
    installs: tuple[str, ...] = ()  # context paths of requirements files that RUN steps install
    packages: tuple[str, ...] = ()  # distributions that RUN steps install by name
    projects: tuple[str, ...] = ()  # image directories whose packages RUN steps install
    packed: Mapping[str, str] = field(default_factory=dict)  # sources that another stage installed, below SITE_PACKAGES
    copied: frozenset[str] = frozenset()
    executable: tuple[str, ...] = ()  # image paths and patterns that RUN steps and COPY make executable
    mentioned: frozenset[str] = frozenset()  # words of RUN steps of the final stage and those below it
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A file whose state on the disk is not in the commit."""

    path: str  # repository path
    state: FileState
    rule: Rule | None = None  # the line that makes git ignore it
    secret: bool = False  # it holds a private key


@dataclass(frozen=True, slots=True)
class PastFile:
    """A commit that held a path which this one does not. `deleted`: an ancestor had it, and `by` is the commit that
    deleted it, of which `subject` is; else another branch has it, and `subject` is of the commit there."""

    commit: str
    deleted: bool
    subject: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class MissingFileContext:
    """What can explain why a file is not in the image. Read only once something is missing."""

    tracked: Listing  # every file of the commit, by repository path
    disk: Mapping[str, DiskFile] = field(default_factory=dict)  # by repository path
    in_history: Callable[[str], PastFile | None] = lambda path: None
    expect: Callable[[Iterable[str]], None] = lambda paths: None  # paths that in_history is going to be asked for
    history_is_whole: Callable[[], bool] = lambda: True  # False once there was no time to look further
    held_lately: Callable[[Iterable[str], Iterable[str]], bool] = lambda paths, unchanged: False
    """Whether one of the last commits held one of the first paths, and all of the others as this commit has them."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What the builder is given for one release, and what is known of the image it will make.

    `dockerfile` is the path by which the builder finds the Dockerfile in the context. Where it lies outside the
    context, or is dropped from it, `recipe` is its content and `dockerfile` its name: the builder is given it beside
    the context, as `docker build --file` sends it, so that no COPY can bring it into the image.
    `read_many` gives the contents of context paths, in the order asked, reading each once.
    """

    context: Context
    dockerfile: str
    contents: ImageContents
    read_many: Callable[[Iterable[str]], Iterator[tuple[str, bytes]]]
    recipe: bytes | None = None
