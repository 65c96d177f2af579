"""From the frames of a traceback to the chain of imports a person follows: who imports whom, at which line.

The last link is what failed. Where a package's `__init__` fails before the module that was asked for could run,
the module asked for stands in the chain too: it is the name the reader of the code will look for.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from deploy_lib.diagnose.tracebacks import ExceptionSection, StackFrame
from deploy_lib.model.cause import Link

_OUTSIDE = ("/site-packages/", "/dist-packages/", "/lib/python3", "<frozen ")
_LAUNCHERS = ("/bin/", "/usr/local/bin/", "/usr/bin/", "<string>")
_IMPORT = re.compile(r"^(?:from\s+(?P<from>\.*[\w.]*)\s+import\s+(?P<names>.+)|import\s+(?P<import>[\w.]+))")


def first_party(file: str) -> bool:
    """True for the service's files, as far as a path in a container can tell."""
    return not any(mark in file for mark in _OUTSIDE) and not file.startswith(_LAUNCHERS)


def own_frames(section: ExceptionSection) -> tuple[StackFrame, ...]:
    """The frames from the first one of the service's code on, without those of the import machinery."""
    frames = [frame for frame in section.frames if not frame.file.startswith("<frozen ")]
    first = next((number for number, frame in enumerate(frames) if first_party(frame.file)), None)
    return tuple(frames[first:]) if first is not None else tuple(frames)


def chain(section: ExceptionSection, entrypoint: str | None, failing: str | None) -> tuple[Link, ...]:
    """Each module with the line at which it imports the next; the last is what failed, at the line that asked for it.

    `failing` is the module that could not be imported, or None when the last frame's module failed. Files are
    relative to the directory the service's modules are imported from, where that can be told.
    """
    frames = own_frames(section)
    root = _root(frames, entrypoint)
    links: list[Link] = []
    for number, frame in enumerate(frames):
        file = _relative(frame.file, root)
        here = _module(file, root)
        if links and links[-1].file == file and links[-1].line == frame.line:
            continue
        links.append(Link(here, file, frame.line, frame.code))
        following = frames[number + 1] if number + 1 < len(frames) else None
        asked = imported(frame.code, here, file)
        if following is None:
            if failing and failing != here:
                links.append(Link(failing, file, frame.line, frame.code))
        elif asked and root is not None:
            after = _module(_relative(following.file, root), root)
            if asked != after and asked.startswith(after + "."):
                links.append(Link(asked, file, frame.line, frame.code))
    return tuple(links)


def imported(code: str, here: str = "", file: str = "") -> str | None:
    """The module that an import statement names first, with leading dots resolved against `here`."""
    match = _IMPORT.match(code)
    if match is None:
        return None
    name = match["import"] or match["from"]
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return name
    package = here.split(".") if file.endswith("__init__.py") else here.split(".")[:-1]
    kept = package[: len(package) - dots + 1]
    return ".".join(filter(None, [*kept, name.lstrip(".")])) or None


def own_packages(section: ExceptionSection, entrypoint: str | None) -> frozenset[str]:
    """Top-level names that are the service's own: of its entrypoint and of its files in the traceback."""
    tops = {entrypoint.partition(".")[0]} if entrypoint else set()
    frames = [frame for frame in section.frames if first_party(frame.file)]
    root = _root(frames, entrypoint)
    if root is not None:
        tops |= {_module(_relative(frame.file, root), root).partition(".")[0] for frame in frames}
    return frozenset(filter(None, tops))


def _root(frames: Sequence[StackFrame], entrypoint: str | None) -> str | None:
    """The directory modules are imported from: the one that makes the file of an import end in the module's path."""
    if entrypoint:
        wanted = entrypoint.replace(".", "/")
        for frame in frames:
            for ending in (f"/{wanted}.py", f"/{wanted}/__init__.py"):
                if frame.file.endswith(ending):
                    return frame.file[: -len(ending)]
    for frame, following in itertools.pairwise(frames):
        asked = imported(frame.code)
        if not asked or asked.startswith(".") or not first_party(following.file):
            continue
        parts = asked.split(".")
        for count in range(len(parts), 0, -1):
            wanted = "/".join(parts[:count])
            for ending in (f"/{wanted}.py", f"/{wanted}/__init__.py"):
                if following.file.endswith(ending):
                    return following.file[: -len(ending)]
    own = [frame for frame in frames if first_party(frame.file)]
    for frame in own:
        above = PurePosixPath(frame.file).parts[:-1]
        top, dot, _ = (imported(frame.code) or "").partition(".")
        if dot and top in above[1:]:  # a file below app/ that asks for app.x: its package, most likely
            return str(PurePosixPath(*above[: above.index(top)]))
    return str(PurePosixPath(own[0].file).parent) if own else None


def _relative(file: str, root: str | None) -> str:
    if root is not None and first_party(file) and file.startswith(root.rstrip("/") + "/"):
        return file[len(root.rstrip("/")) + 1 :]
    return file


def _module(file: str, root: str | None) -> str:
    """netra/app/schemas/__init__.py -> netra.app.schemas; a library's file -> its path from site-packages on."""
    for mark in ("/site-packages/", "/dist-packages/"):
        if mark in file:
            file = file.rpartition(mark)[2]
    if root is None and file.startswith("/"):
        return PurePosixPath(file).stem
    name = re.sub(r"^.*/lib/python3[^/]*/", "", file).removesuffix(".py").removesuffix("/__init__")
    return name.strip("/").replace("/", ".")
