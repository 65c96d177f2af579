"""The files of an image, read from the tar that `export` gives of a container made from it and never started.

docker puts a few empty files of its own into every container; they are not part of the image and are left out. An
image's own /etc/hosts and the like cannot be seen behind them.
"""

from __future__ import annotations

import posixpath
import stat
import tarfile
from collections.abc import Iterator

from ..model import EngineError, FileEntry

_ADDED = {"/.dockerenv", "/dev/console", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/mtab"}
_MOST_LINKS = 40  # the kernel's own limit


def list_files(tar: tarfile.TarFile) -> Iterator[FileEntry]:
    """Regular files and symlinks, by path."""
    members = _members(tar)
    for path, member in sorted(members.items()):
        if path in _ADDED and (member.size == 0 or path == "/etc/mtab"):
            continue
        if member.issym():
            yield FileEntry(path, len(member.linkname.encode()), 0o777, member.linkname)
        elif member.islnk():
            first = members[posixpath.normpath("/" + member.linkname)]
            yield FileEntry(path, first.size, stat.S_IMODE(first.mode))
        elif member.isfile():
            yield FileEntry(path, member.size, stat.S_IMODE(member.mode))


def read_file(tar: tarfile.TarFile, path: str, image: str) -> bytes:
    """A file's content, links followed inside the image. EngineError when it is none."""
    members = _members(tar)
    member = members.get(_resolve(members, path))
    content = tar.extractfile(member) if member is not None and (member.isfile() or member.islnk()) else None
    if content is None:
        raise EngineError(f"the image {image} has no file {path}")
    return content.read()


def _members(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    return {posixpath.normpath("/" + member.name): member for member in tar}


def _resolve(members: dict[str, tarfile.TarInfo], path: str) -> str:
    done, pending, links = "/", [part for part in reversed(path.split("/")) if part], 0
    while pending:
        step = posixpath.normpath(posixpath.join(done, pending.pop()))
        member = members.get(step)
        if member is None or not member.issym():
            done = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise EngineError(f"too many symbolic links in {path}")
        done = "/" if member.linkname.startswith("/") else done
        pending += [part for part in reversed(member.linkname.split("/")) if part]
    return done
