"""The build context as one tar.gz, and the name its content goes by.

The same files give the same archive whatever order they are listed in: sorted paths, one time, one owner, and only
the modes git knows. The identity is made from git's own content ids, so an unchanged context is recognised without
reading a byte of it; the archive is made as a stream and never lies on the disk.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from posixpath import dirname

from deploy_lib.source.model import EXECUTABLE, REGULAR, SUBMODULE, SYMLINK, Staged, TreeFile

FORMAT = "context 1"
"""Changes whenever the same files would make another archive, so that no older one is taken for it."""
EPOCH = 315_619_200  # 1980-01-02T00:00:00Z; zip files made inside a build cannot tell an earlier time
CONTEXT, RECIPE = "context", "recipe"
"""Directories of an archive whose Dockerfile is not part of the context."""
_NO_RULES = b"# Whatever is here is to be sent.\n"
_LEVEL = 1
_PIECE = 256 * 1024


def context_hash(staged: Staged, args: Mapping[str, str], target: str | None) -> str:
    """64 hexadecimal digits: files, modes, contents, Dockerfile, build arguments and target stage.

    The base image counts by the reference the Dockerfile gives: a tag that moved since is not noticed.
    """
    seen = hashlib.sha256(FORMAT.encode())
    blobs = _blobs(staged)
    for path, file in _entries(staged):
        seen.update(_record("file", path, oct(_mode(file)), "link" if file.mode == SYMLINK else "", blobs[path]))
    seen.update(_record("dockerfile", staged.dockerfile))
    if staged.recipe is not None:
        seen.update(_record("recipe", blob_id(staged.recipe)))
    for name, value in sorted(args.items()):
        seen.update(_record("arg", name, value))
    seen.update(_record("target", target or ""))
    return seen.hexdigest()


def archive(staged: Staged) -> Iterator[bytes]:
    """The context as a gzip-compressed tar, in pieces. Raises what `read_many` raises."""
    from isal import isal_zlib

    packer = isal_zlib.compressobj(level=_LEVEL, wbits=31)
    pending = b""
    for block in tar(staged):
        pending += packer.compress(block)
        if len(pending) >= _PIECE:
            yield pending
            pending = b""
    yield pending + packer.flush()


def tar(staged: Staged) -> Iterator[bytes]:
    """The context as a tar in pax format; each file is held in memory for as long as it is written."""
    size = 0
    for block in _blocks(staged):
        size += len(block)
        yield block
    end = 2 * tarfile.BLOCKSIZE
    yield b"\0" * (end + -(size + end) % tarfile.RECORDSIZE)


def paths_in_archive(staged: Staged) -> tuple[str, str]:
    """The Dockerfile and the context, as a builder in the unpacked archive's directory is told of them."""
    return (staged.dockerfile, ".") if staged.recipe is None else (f"{RECIPE}/{staged.dockerfile}", CONTEXT)


def beside(staged: Staged) -> dict[str, bytes]:
    """What lies beside the context: the Dockerfile, and rules of its own, so that no builder falls back on others."""
    if staged.recipe is None:
        return {}
    return {staged.dockerfile: staged.recipe, f"{staged.dockerfile}.dockerignore": _NO_RULES}


def _blocks(staged: Staged) -> Iterator[bytes]:
    entries = dict(_entries(staged))
    made = {""}
    prefix = "" if staged.recipe is None else f"{CONTEXT}/"
    if prefix:
        yield from (_header(_directory(each)) for each in _parents(f"{prefix}x", made))
    for path, content in staged.read_many(entries):
        file, path = entries[path], f"{prefix}{path}"
        yield from (_header(_directory(each)) for each in _parents(path, made))
        if file.mode == SYMLINK:
            yield _header(_link(path, content))
        else:
            yield _regular(path, file, len(content)) + content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)
    for name, content in beside(staged).items():
        path = f"{RECIPE}/{name}"
        yield from (_header(_directory(each)) for each in _parents(path, made))
        file = TreeFile(path, REGULAR, "", len(content))
        yield _regular(path, file, len(content)) + content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)


def blob_id(content: bytes) -> str:
    """Git's id of a file's content (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _entries(staged: Staged) -> Iterator[tuple[str, TreeFile]]:
    """Sorted by path. A submodule has no content in its own repository's commit."""
    return ((path, file) for path, file in sorted(staged.context.files.items()) if file.mode != SUBMODULE)


def _blobs(staged: Staged) -> dict[str, str]:
    known = {path: file.blob for path, file in _entries(staged)}
    unknown = [path for path, blob in known.items() if not blob]
    if unknown:
        known.update((path, blob_id(content)) for path, content in staged.read_many(unknown))
    return known


def _record(*parts: str) -> bytes:
    """Each part with its length in front, so that no two lists of parts read alike."""
    encoded = [part.encode("utf-8", "surrogateescape") for part in parts]
    return b"".join(b"%d:%s" % (len(part), part) for part in encoded) + b"\n"


def _mode(file: TreeFile) -> int:
    return 0o755 if file.mode == EXECUTABLE else 0o644


def _parents(path: str, made: set[str]) -> list[str]:
    """The directories above it that are not made yet, outermost first; they are then."""
    parent = dirname(path)
    if parent in made:
        return []
    above = _parents(parent, made)
    made.add(parent)
    return [*above, parent]


def _info(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.mtime = kind, mode, EPOCH
    return info


def _directory(path: str) -> tarfile.TarInfo:
    return _info(path, tarfile.DIRTYPE, 0o755)


def _regular(path: str, file: TreeFile, size: int) -> bytes:
    """A short plain name needs no pax record, and its header differs from any other in four fields only."""
    if len(path) > tarfile.LENGTH_NAME or not path.isascii() or size >= 8**11:
        info = _info(path, tarfile.REGTYPE, _mode(file))
        info.size = size
        return _header(info)
    start, end, total = _template(_mode(file))
    name, digits = path.encode("ascii"), b"%011o" % size
    checksum = b"%06o\0" % (total + sum(name) + sum(digits))
    return name.ljust(tarfile.LENGTH_NAME, b"\0") + start + digits + end[:13] + checksum + end[20:]


@cache
def _template(mode: int) -> tuple[bytes, bytes, int]:
    """What stands between name and size, what follows the size, and the sum of the bytes of both.

    Offsets are POSIX's: name 0-100, size 124-135, time 136-148, checksum 148-156, of which seven are digits and a NUL.
    """
    header = bytearray(_header(_info("", tarfile.REGTYPE, mode)))
    header[148:156] = b" " * 8
    total = sum(header[100:124]) + sum(header[135:])
    return bytes(header[100:124]), bytes(header[135:]), total


def _link(path: str, content: bytes) -> tarfile.TarInfo:
    info = _info(path, tarfile.SYMTYPE, 0o777)
    info.linkname = content.decode("utf-8", "surrogateescape")
    return info


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
