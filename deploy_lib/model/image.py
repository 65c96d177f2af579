"""What is known of an image: as the source predicts it, as it was built, and as the import check found it inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageFile:
    """`path` in the image, `size` in bytes, `blob` as git names its content."""

    path: str
    size: int
    blob: str


@dataclass(frozen=True, slots=True)
class Unforeseen:
    """A part of the image that the source does not tell: below `prefix`, for a `reason`, from a Dockerfile's line."""

    prefix: str
    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """What a release keeps of its source: `base` is the base image as it is named, `manifest` every predicted file."""

    context_hash: str = ""
    base: str | None = None
    python: str | None = None
    unknown: tuple[Unforeseen, ...] = ()
    manifest: tuple[ImageFile, ...] = ()


@dataclass(frozen=True, slots=True)
class InsideImage:
    """What is known of an image that the import check saw from inside. None: it does not tell, or there were too many.

    `distributions` are name -> version, `files` path in the image -> git's name of the content. `modules` are the
    packages and modules that each distribution brings, under "" those that none does. `path` is sys.path as the
    server's process has it, `roots` the directories whose files are listed. `entrypoint` is what was imported,
    `command` what the image starts.
    """

    python: str | None = None
    distributions: Mapping[str, str] | None = None
    files: Mapping[str, str] | None = None
    workdir: str | None = None
    uid: int | None = None
    executable: str | None = None
    path: tuple[str, ...] | None = None
    roots: tuple[str, ...] | None = None
    modules: Mapping[str, tuple[str, ...]] | None = None
    entrypoint: str | None = None
    command: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """`manifest` are the files that the context brings, as predicted: path in the image -> git's name of the content.

    `size` is in bytes, `stand_in` what a base image that only stands in for another claims to be.
    """

    base: str | None = None
    base_digest: str | None = None
    manifest: Mapping[str, str] | None = None
    inside: InsideImage = InsideImage()
    size: int | None = None
    builder: str | None = None
    stand_in: str | None = None
