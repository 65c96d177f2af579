"""This tool as an archive for a build that runs it, with what it works on beside it: the same bytes for the same files.

`tool/` is the tool, `image/` what its image is made of, and the rest is the caller's.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import deploy_lib
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.storage import Bucket
from deploy_lib.source.archive import EPOCH

_ROOT = Path(deploy_lib.__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class HandedArchive:
    """An object of a bucket, pinned by its generation."""

    bucket: str
    name: str
    generation: int


def hand_over(bucket: Bucket, more: Mapping[str, bytes]) -> HandedArchive:
    """The tool and what goes with it, uploaded once for each content. Raises DriverError."""
    bucket.ensure()
    packed = tool_archive(more)
    name = f"source/tool-{hashlib.sha256(packed).hexdigest()[:32]}.tgz"
    return HandedArchive(bucket.name, name, bucket.put_once(name, lambda: iter([packed])))


def tool_archive(more: Mapping[str, bytes]) -> bytes:
    """A .tgz. Raises DriverError where files of the tool cannot be read."""
    try:
        files = {**_tool(), **more}
    except OSError as problem:
        reason = f"this tool's own files cannot be handed over: {problem.filename}: {problem.strerror}"
        raise DriverError(reason, "use the whole checkout of the tool") from problem
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as out:
        for name, content in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(content), 0o644, EPOCH
            out.addfile(info, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), compresslevel=6, mtime=0)


def python_image() -> str:
    """With the Python that runs here, which the tool's requirements are known to suit, and with git."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}"


@cache
def _tool() -> dict[str, bytes]:
    requirements = (_ROOT / "deploy_lib" / "requirements.txt").read_bytes()
    dockerfile = (
        f"FROM {python_image()}\nCOPY requirements.txt .\n"
        "RUN pip install -qq --no-cache-dir --no-deps -r requirements.txt\n"
    )
    files = {f"tool/{path}": (_ROOT / path).read_bytes() for path in _modules()}
    return {**files, "image/Dockerfile": dockerfile.encode(), "image/requirements.txt": requirements}


def _modules() -> Iterator[str]:
    for path in (_ROOT / "deploy_lib").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(_ROOT).as_posix()
