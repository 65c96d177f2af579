"""Turns a directory into a layer; `unpack` is the way back.

A layer's tar is a pure function of the directory's names, modes, owners and content: entries are sorted, and every
time is one fixed moment. The times in the directory, and the source times recorded inside Python's .pyc files, are
set to that moment too, so bytecode stays valid and two builds of the same thing are the same bytes. Removed names
are 0:0 devices on disk and `.wh.` files in the tar (https://github.com/opencontainers/image-spec/blob/main/layer.md).
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from ...registry.oci import EPOCH, Layer
from ..gzip_layer import Sink, open_gzip_layer
from ..model import EngineError
from .overlay_tree import OPAQUE, read_link
from .unpack import OPAQUE_MARK, WHITEOUT

_CHUNK = 1 << 20
Owners = Mapping[str, tuple[int, int]]  # path in the tree, without a leading slash -> uid, gid


def is_empty(tree: Path) -> bool:
    with os.scandir(tree) as entries:
        return next(entries, None) is None


def write_layer(tree: Path, target: Path, owners: Owners, maker: tuple[int, int] | None) -> Layer:
    """Write the tree's tar, compressed, to `target`. `owners` overrides what the disk says, where it has the path.

    Without root the disk says the same of every file, so `maker` then tells who made them; else it is None.
    """
    with open_gzip_layer(target) as sink:
        _write_tar(tree, sink, owners, maker)
    return sink.layer


def _write_tar(tree: Path, sink: Sink, owners: Owners, maker: tuple[int, int] | None) -> None:
    first_names: dict[tuple[int, int], str] = {}
    for path, status in _walk_sorted(tree, ""):
        info = tarfile.TarInfo(path)
        info.mtime = EPOCH
        info.mode = stat.S_IMODE(status.st_mode)
        info.uid, info.gid = owners.get(path, maker or (status.st_uid, status.st_gid))
        host = tree / path
        kind = stat.S_IFMT(status.st_mode)
        inode = (status.st_dev, status.st_ino)
        if kind == stat.S_IFREG and inode in first_names:
            info.type, info.linkname = tarfile.LNKTYPE, first_names[inode]
            _write_entry(sink, info)
        elif kind == stat.S_IFREG:
            if status.st_nlink > 1:
                first_names[inode] = path
            info.size = status.st_size
            _write_entry(sink, info)
            with open(host, "rb") as file:
                _copy(file, sink, status.st_size)
        elif kind == stat.S_IFLNK:
            info.type, info.linkname = tarfile.SYMTYPE, read_link(host)
            _write_entry(sink, info)
        elif kind == stat.S_IFDIR:
            info.type = tarfile.DIRTYPE
            _write_entry(sink, info)
            if _read_opaque(host):
                _write_entry(sink, _mark(f"{path}/{OPAQUE_MARK}"))
        elif kind == stat.S_IFIFO:
            info.type = tarfile.FIFOTYPE
            _write_entry(sink, info)
        elif kind == stat.S_IFCHR and status.st_rdev == 0:
            directory, _, name = path.rpartition("/")
            _write_entry(sink, _mark(f"{directory}/{WHITEOUT}{name}".lstrip("/")))
        # Sockets and devices are not part of an image.
    sink.write(bytes(2 * tarfile.BLOCKSIZE))


def _walk_sorted(tree: Path, below: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(tree / below) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = f"{below}/{entry.name}" if below else entry.name
        status = entry.stat(follow_symlinks=False)
        yield path, status
        if stat.S_ISDIR(status.st_mode):
            yield from _walk_sorted(tree, path)


def _write_entry(sink: Sink, info: tarfile.TarInfo) -> None:
    sink.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))


def _mark(path: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.mtime = EPOCH
    return info


def _copy(file: IO[bytes], sink: Sink, size: int) -> None:
    left = size
    while left:
        data = file.read(min(_CHUNK, left))
        if not data:
            raise EngineError(f"{file.name} shrank while it was read")
        sink.write(data)
        left -= len(data)
    sink.write(bytes(-size % tarfile.BLOCKSIZE))


def _read_opaque(path: Path) -> bool:
    try:
        return os.getxattr(path, OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False


def settle_times(tree: Path) -> None:
    """Give every entry the one fixed time, and let bytecode that was valid stay valid."""
    paths = list(_walk_sorted(tree, ""))
    modified = dict(paths)
    for path, status in paths:
        if path.endswith(".pyc") and stat.S_ISREG(status.st_mode):
            _settle_bytecode(tree, path, modified)
    for path, _ in reversed(paths):
        os.utime(tree / path, (EPOCH, EPOCH), follow_symlinks=False)


def _settle_bytecode(tree: Path, path: str, modified: Mapping[str, os.stat_result]) -> None:
    """A .pyc header is magic, flags, source time, source size, four bytes each (PEP 552); flags 0 means by time."""
    directory, _, name = path.rpartition("/")
    source = modified.get(f"{directory.removesuffix('__pycache__')}{name.split('.')[0]}.py")
    if source is None or not directory.endswith("__pycache__"):
        return
    with open(tree / path, "r+b") as file:
        header = file.read(16)
        recorded = int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little")
        now = int(source.st_mtime) & 0xFFFFFFFF, source.st_size & 0xFFFFFFFF
        if len(header) == 16 and header[4:8] == bytes(4) and recorded == now:
            file.seek(8)
            file.write(EPOCH.to_bytes(4, "little"))
