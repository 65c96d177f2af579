"""Compresses layers: fast, and always to the same bytes, since an image's digest covers them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from isal import igzip

from ..registry.oci import LAYER_GZIP, Descriptor, Layer

_CHUNK = 1 << 20


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class HashingWriter:
    """Counts and hashes what passes through to a sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        self._sink.write(data)
        return len(data)

    @property
    def digest(self) -> str:
        return "sha256:" + self._hash.hexdigest()


class GzipLayer:
    """A layer's tar goes in; when the file is closed, `layer` says what it became."""

    def __init__(self, plain: HashingWriter, packed: HashingWriter) -> None:
        self._plain = plain
        self._packed = packed

    def write(self, data: bytes) -> int:
        return self._plain.write(data)

    @property
    def layer(self) -> Layer:
        return Layer(self._plain.digest, Descriptor(LAYER_GZIP, self._packed.digest, self._packed.size))


@contextmanager
def open_gzip_layer(target: Path) -> Iterator[GzipLayer]:
    with target.open("wb") as file:
        packed = HashingWriter(file)
        with igzip.IGzipFile(filename="", fileobj=packed, mode="wb", compresslevel=1, mtime=0) as squeezed:
            yield GzipLayer(HashingWriter(squeezed), packed)


def compress(source: IO[bytes], target: Path) -> Layer:
    with open_gzip_layer(target) as sink:
        while data := source.read(_CHUNK):
            sink.write(data)
    return sink.layer
