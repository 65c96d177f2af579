"""Images this machine built before, by what they were built from.

One file for each context, written whole or not at all; a missing, damaged or deleted file only means that an image
is built again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from deploy_lib.drivers.whole_file import write_whole
from deploy_lib.model.image import BuiltImage
from deploy_lib.model.image_names import by_digest, digest_of


@dataclass(frozen=True, slots=True)
class CachedImage:
    """`check` is the identity of the import check it passed, `output` the two lines that check printed."""

    image: str  # name@sha256:...
    builder: str
    contents: BuiltImage
    check: str = ""
    nonce: str = ""
    output: str = ""


@cache
def _adapter() -> TypeAdapter[CachedImage]:
    return TypeAdapter(CachedImage)


@dataclass(frozen=True, slots=True)
class ImageCache:
    """By the image's name and the hash of its context; `directory` is made when something is kept."""

    directory: Path

    def find(self, name: str, context_hash: str) -> CachedImage | None:
        """`name` is the image's, without tag or digest."""
        try:
            cached = _adapter().validate_json(self._path(name, context_hash).read_bytes())
        except (OSError, ValueError):
            return None
        return cached if cached.image == by_digest(name, digest_of(cached.image) or "") else None

    def keep(self, name: str, context_hash: str, cached: CachedImage) -> None:
        """Failing to write it does not fail the build."""
        path = self._path(name, context_hash)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, _adapter().dump_json(cached))

    def _path(self, name: str, context_hash: str) -> Path:
        return self.directory / name.replace("/", "_").replace(":", "_") / f"{context_hash}.json"
