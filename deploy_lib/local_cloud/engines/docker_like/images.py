"""The images docker or podman keeps: found by tag, by digest, or by name@digest.

Both know an image by the digest of its config, its id. A manifest's digest exists only where images are exchanged,
so an image that came or went gets a name that holds that digest, and is found by it again.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from ...registry.oci import STAND_IN_LABEL, ImageConfig
from ..model import EngineError, Image, ImageNotFound
from .archive import from_layout, note_in_index, to_layout
from .commands import Commands, last_line

_BY_DIGEST = "localhost/by-digest"


class DockerImages:
    def __init__(self, commands: Commands) -> None:
        self.commands = commands

    def find(self, reference: str) -> Image | None:
        for name in _spellings(reference):
            done = self.commands.attempt("image", "inspect", name)
            if done.returncode == 0:
                return _read_image(json.loads(done.stdout)[0])
            message = last_line(done.stderr)
            if not any(words in done.stderr.lower() for words in ("no such image", "not known", "invalid reference")):
                raise EngineError(f"{self.commands.name} cannot look for {reference}: {message}", output=done.stderr)
        return None

    def need(self, reference: str) -> Image:
        found = self.find(reference)
        if found is None:
            raise ImageNotFound(f"{self.commands.name} has no image {reference}")
        return found

    def tag(self, reference: str, name: str) -> None:
        self.commands.run("tag", self.need(reference).digest, name)

    def remove(self, reference: str) -> None:
        """A name is forgotten; a digest forgets the image and all its names."""
        image = self.need(reference)
        if "sha256:" in reference:
            self.commands.run("rmi", "--force", image.digest.removeprefix("sha256:"))
        else:
            self.commands.run("rmi", reference)

    def save(self, reference: str, layout: Path) -> str:
        image = self.need(reference)
        layout.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="image-", dir=layout) as directory:
            archive = Path(directory, "image.tar")
            self.commands.run("save", "--output", str(archive), image.digest.removeprefix("sha256:"))
            digest = to_layout(archive, layout, Path(directory))
        note_in_index(layout, digest)
        self.commands.run("tag", image.digest, _name_of(digest))
        return digest

    def load(self, layout: Path, digest: str, name: str) -> Image:
        with tempfile.TemporaryDirectory(prefix="image-") as directory:
            archive = Path(directory, "image.tar")
            identity = from_layout(layout, digest, archive)
            self.commands.run("load", "--input", str(archive))
        for tag in (name, _name_of(digest)):
            self.commands.run("tag", identity, tag)
        return self.need(identity)


def _name_of(digest: str) -> str:
    return f"{_BY_DIGEST}:{digest.removeprefix('sha256:')}"


def _spellings(reference: str) -> list[str]:
    """The names under which it may be known, the likeliest first."""
    _, _, digest = reference.rpartition("@")
    if not digest.startswith("sha256:"):
        return [reference]
    return [digest.removeprefix("sha256:"), _name_of(digest)]


def _read_image(record: dict[str, Any]) -> Image:
    config = ImageConfig.from_json(record.get("Config") or {})
    return Image(
        digest="sha256:" + str(record["Id"]).removeprefix("sha256:"),
        size=int(record.get("Size") or 0),
        env=config.env,
        entrypoint=config.entrypoint,
        cmd=config.cmd,
        workdir=config.workdir or "/",
        user=config.user,
        ports=config.ports,
        labels=config.labels,
        stand_in=config.labels.get(STAND_IN_LABEL),
    )
