"""Images this machine built before, by what they were built from.

One file for each context, written whole or not at all; a missing, damaged or deleted file only means that an image
is built again.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KnownImage:
    """`check` is the identity of the import check it passed, `output` the two lines that check printed."""

    image: str  # name@sha256:...
    builder: str
    check: str = ""
    nonce: str = ""
    output: str = ""
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownImages:
    directory: Path

    def find(self, name: str, context_hash: str) -> KnownImage | None:
        """`name` is the image's, without tag or digest."""
        try:
            record = json.loads(self._path(name, context_hash).read_text())
            known = KnownImage(**record)
        except (OSError, ValueError, TypeError):
            return None
        return known if isinstance(known.image, str) and known.image.startswith(f"{name}@sha256:") else None

    def keep(self, name: str, context_hash: str, known: KnownImage) -> None:
        """Failing to write it is no failure of the build."""
        path = self._path(name, context_hash)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
                json.dump(asdict(known), file)
            os.replace(file.name, path)  # noqa: PTH105 - the file's name is text

    def _path(self, name: str, context_hash: str) -> Path:
        return self.directory / name.replace("/", "_").replace(":", "_") / f"{context_hash}.json"
