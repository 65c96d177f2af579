"""The facts of an image as a file: what the import check saw inside it, of which commit, built from what.

One JSON object, made to be kept in a repository or handed from one CI job to another. No value of a variable or of a
build argument stands in it, only a digest of those the image was built with.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from deploy_lib.in_image.decode import WrongShape, decode
from deploy_lib.in_image.result import Distribution
from deploy_lib.model.service import BuildSource
from deploy_lib.source.context import clean_root

FORMAT = 1
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


class NoFacts(ValueError):
    """It does not hold the facts of an image; the message is a clause that follows the file's name."""


class PlacedFile(NamedTuple):
    """`path` in the image, `blob` as git names its content, "" where nobody read it."""

    path: str
    blob: str


@dataclass(frozen=True, slots=True)
class LastImage:
    """An image that was good: its release went live.

    `context` and `dockerfile` are repository paths, `built_with` a digest of build arguments and target. `command` is
    what it starts, `entrypoint` what was imported in it, `path` sys.path then. `files` are those below `roots`.
    """

    commit: str
    service: str
    context: str
    dockerfile: str
    built_with: str
    python: str
    executable: str
    workdir: str
    path: tuple[str, ...]
    roots: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    files: tuple[PlacedFile, ...]
    release: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    entrypoint: str = ""

    @property
    def modules(self) -> Iterator[str]:
        """What the installed packages bring."""
        return (module for each in self.distributions for module in each.modules)

    @property
    def blobs(self) -> Mapping[str, str]:
        return dict(self.files)

    @property
    def name(self) -> str:
        return f"the image of commit {self.commit[:7]}"

    def is_of(self, source: BuildSource) -> bool:
        """Whether it was built from the same Dockerfile over the same directory."""
        return (self.context, self.dockerfile) == (clean_root(source.context), clean_root(source.dockerfile))


def built_with(source: BuildSource) -> str:
    """The same for two builds that are given the same arguments and target."""
    return hashlib.sha256(json.dumps([sorted(source.args.items()), source.target]).encode()).hexdigest()[:16]


def write(image: LastImage) -> str:
    """The text of the file, the same for the same facts; a list of rows has a line for each, so that a diff tells."""
    values = {"facts": FORMAT, **{each.name: getattr(image, each.name) for each in fields(image)}}
    return "{\n" + ",\n".join(f'  "{name}": {_value(value)}' for name, value in values.items()) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return "[\n    " + ",\n    ".join(json.dumps(each) for each in value) + "\n  ]"
    return json.dumps(value)


def read(text: str) -> LastImage:
    """Raises NoFacts for anything else than the facts of an image in today's format."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NoFacts("does not hold the facts of an image: it is not JSON") from None
    if not isinstance(document, dict) or "facts" not in document:
        raise NoFacts('does not hold the facts of an image: it has no key "facts"')
    if document["facts"] != FORMAT:
        raise NoFacts(f"holds facts of format {str(document['facts'])[:20]}; this version reads format {FORMAT}")
    try:
        made = decode(LastImage, document, "facts")
    except WrongShape as problem:
        raise NoFacts(f"does not hold the facts of an image: {problem}") from None
    wrong = _strange(made)
    if wrong:
        raise NoFacts(f"does not hold the facts of an image: {wrong}")
    return made


def _strange(image: LastImage) -> str:
    """What of it no release of this tool would have written; "" for nothing."""
    if not _COMMIT.fullmatch(image.commit):
        return f"{image.commit[:60]!r} is not the id of a commit"
    try:
        plain = (clean_root(image.context), clean_root(image.dockerfile)) == (image.context, image.dockerfile)
    except ValueError as problem:
        return str(problem)
    if not plain:
        return f"{image.dockerfile[:60]!r} is not a path from the top of a repository"
    for path in (*image.blobs, *image.roots):
        if not path.startswith("/") or ".." in path.split("/"):
            return f"{path[:60]!r} is not a path in an image"
    return ""
