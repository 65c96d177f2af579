"""A tar becomes a directory: a layer of an image, or an archive that ADD unpacks.

What comes in is untrusted: no entry leaves the directory, by ".." or through a link of its own. Devices are left
out, since a sandbox brings its own.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol, cast

from isal import igzip

from ..model import EngineError
from .overlay_tree import OPAQUE

WHITEOUT, OPAQUE_MARK = ".wh.", ".wh..wh..opq"
_CHUNK = 1 << 20


class _Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _HashingReader:
    def __init__(self, source: _Source) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    @property
    def digest(self) -> str:
        return "sha256:" + self._hash.hexdigest()


def unpack_layer(packed: IO[bytes], tree: Path, many_ids: bool) -> str:
    """Fill an empty directory from a layer, gzip or plain; the digest of its tar. EngineError for a path outside."""
    start = packed.read(2)
    packed.seek(0)
    reader = _HashingReader(igzip.IGzipFile(fileobj=packed, mode="rb") if start == b"\x1f\x8b" else packed)
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r|", format=tarfile.PAX_FORMAT) as archive:
            for member in archive:
                with _naming(member):
                    if not _unpack_whiteout(member, tree):
                        _unpack_member(archive, member, tree, many_ids)
        while reader.read(_CHUNK):
            pass
    except (tarfile.TarError, EOFError, igzip.BadGzipFile) as error:
        raise EngineError(f"a layer of the image is damaged: {error}") from None
    return reader.digest


def unpack_archive(path: Path, tree: Path, many_ids: bool) -> bool:
    """Fill an empty directory from a tar, plain or compressed by gzip, bzip2 or xz; False when it is not a tar."""
    try:
        archive = tarfile.open(path, mode="r:*")  # noqa: SIM115 - closed below, once it is known to be one
    except (tarfile.TarError, EOFError):
        return False
    with archive:
        unpack_members(archive, tree, many_ids)
    return True


def unpack_members(archive: tarfile.TarFile, tree: Path, many_ids: bool) -> None:
    """Not by the library's own filters, which came with Python 3.11.4. Raises EngineError and what reading raises."""
    for member in archive:
        with _naming(member):
            _unpack_member(archive, member, tree, many_ids)


@contextmanager
def _naming(member: tarfile.TarInfo) -> Iterator[None]:
    """What the disk refuses (a name twice, a loop of links, a link to nothing) is told with the entry's name."""
    try:
        yield
    except OSError as error:
        raise EngineError(f"the archive cannot be unpacked at {member.name}: {error.strerror}") from None


def _place(member: tarfile.TarInfo, tree: Path) -> Path | None:
    """Where it goes; None for the root itself."""
    path = os.path.normpath(member.name).lstrip("/")
    if any(part == ".." for part in path.split("/")):
        raise EngineError(f"the archive names a path outside its root: {member.name}")
    host = tree / path
    if not _inside(host.parent, tree):
        raise EngineError(f"the archive writes through a link that leaves its root: {member.name}")
    if path == ".":
        return None
    host.parent.mkdir(parents=True, exist_ok=True)
    return host


def _inside(path: Path, tree: Path) -> bool:
    """Links followed. Not by Path.resolve: until 3.13 it raises RuntimeError for links that lead to themselves."""
    real, root = os.path.realpath(path), os.path.realpath(tree)
    return real == root or real.startswith(f"{root}/")


def _unpack_whiteout(member: tarfile.TarInfo, tree: Path) -> bool:
    """Whether it says that a name, or all names of a directory below, are gone."""
    if not Path(member.name).name.startswith(WHITEOUT):
        return False
    host = _place(member, tree)
    assert host is not None
    if host.name == OPAQUE_MARK:
        os.setxattr(host.parent, OPAQUE, b"y")
    else:
        os.mknod(host.parent / host.name.removeprefix(WHITEOUT), stat.S_IFCHR)
    return True


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, tree: Path, many_ids: bool) -> None:
    host = _place(member, tree)
    if host is None:
        return
    if not (member.isdir() and host.is_dir() and not host.is_symlink()):
        with suppress(FileNotFoundError):
            host.unlink()
    if member.isdir():
        host.mkdir(exist_ok=True)
    elif member.issym():
        host.symlink_to(member.linkname)
    elif member.islnk():
        _link(member, host, tree)
        return
    elif member.isfifo():
        os.mkfifo(host)
    elif member.isfile():
        content = archive.extractfile(member)
        assert content is not None
        with open(host, "wb") as file:
            while data := content.read(_CHUNK):
                file.write(data)
    else:
        return
    if many_ids:
        os.chown(host, member.uid, member.gid, follow_symlinks=False)
    if not member.issym():
        host.chmod(member.mode if many_ids or not member.isdir() else member.mode | 0o700)
    os.utime(host, (member.mtime, member.mtime), follow_symlinks=False)


def _link(member: tarfile.TarInfo, host: Path, tree: Path) -> None:
    target = tree / os.path.normpath(member.linkname).lstrip("/")
    if not _inside(target.parent, tree) or ".." in Path(member.linkname).parts:
        raise EngineError(f"the archive links to a path outside its root: {member.linkname}")
    os.link(target, host, follow_symlinks=False)
