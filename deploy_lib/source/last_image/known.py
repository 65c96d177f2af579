"""What the last good image taught of a commit's own."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_lib.source.last_image.installed import Installed
from deploy_lib.source.model import ImageContents


@dataclass(frozen=True, slots=True)
class Known:
    """`name` is the image's, for a sentence. `installed` is None where packages may have changed since, `roots` are
    further directories of sys.path, `entrypoint` what the server imported, where nothing that tells it changed."""

    name: str
    installed: Installed | None = None
    roots: tuple[str, ...] = ()
    entrypoint: str | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """`contents` are those predicted, with what is known of the parts that were not. `image`, `used` and `unused` are
    for a person: which image, what it taught, and why it did not teach more."""

    contents: ImageContents
    image: str
    known: Known | None = None
    used: tuple[str, ...] = ()
    unused: str = ""
