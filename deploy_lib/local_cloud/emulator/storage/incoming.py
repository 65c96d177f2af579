"""An object while it is uploaded: a private file, its length and its checksums.

An object may be gigabytes, so it never sits in memory: every chunk goes to the file and through both sums,
and only a finished, verified file is given a name in the bucket.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

from .model import StorageRefusal


@dataclass(frozen=True, slots=True)
class Expected:
    """Checksums the sender claims, base64; None when it claims none."""

    crc32c: str | None = None
    md5: str | None = None


class Incoming:
    """A file being filled. Call `discard` unless the store took it over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._crc32c = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._file = path.open("wb")

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._crc32c = google_crc32c.extend(self._crc32c, chunk)
        self._md5.update(chunk)
        self.size += len(chunk)

    def fill(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self.write(chunk)

    @property
    def crc32c(self) -> str:
        return base64.b64encode(self._crc32c.to_bytes(4, "big")).decode()

    @property
    def md5(self) -> str:
        return base64.b64encode(self._md5.digest()).decode()

    def close(self, expected: Expected) -> None:
        """Ends the writing. Raises StorageRefusal 400 when a claimed checksum is not the one computed."""
        self._file.close()
        for label, claimed, computed in (
            ("CRC32C", expected.crc32c, self.crc32c),
            ("MD5", expected.md5, self.md5),
        ):
            if claimed is not None and claimed != computed:
                message = f'Provided {label} "{claimed}" doesn\'t match calculated {label} "{computed}".'
                raise StorageRefusal(400, "invalid", message)

    def discard(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


def extend_crc32c(known: str, chunk: bytes) -> str:
    """The crc32c of what `known` covers followed by `chunk`, both base64."""
    start = int.from_bytes(base64.b64decode(known), "big")
    return base64.b64encode(google_crc32c.extend(start, chunk).to_bytes(4, "big")).decode()
