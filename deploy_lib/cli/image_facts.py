"""The facts of the last good image: found in the journals of this machine, written to a file, read from one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from deploy_lib.drivers.whole_file import write_whole
from deploy_lib.in_image.result import Distribution
from deploy_lib.model.image import InsideImage
from deploy_lib.model.journal import Entry, Judged
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.release import Release
from deploy_lib.source.context import clean_root
from deploy_lib.source.last_image.record import LastImage, NoFacts, PlacedFile, built_with, read, write

_LARGEST = 64 << 20  # bytes
LOOKED_AT = 20
"""Journals. Where images hold too much to be listed, none has facts, and every release would read all that are kept."""


def facts_of(entries: Sequence[Entry]) -> LastImage | None:
    """What a release saw of its image. None where it came to no import check, had too many files for it, or was made
    by a version that did not note them."""
    judged = [each for each in entries if isinstance(each, Judged) and each.details]
    seen = [each.details.image_seen() for each in judged if each.details]
    found = (facts_from(judged[-1].release, each) for each in reversed(seen) if each is not None)
    return next((each for each in found if each is not None), None)


def facts_from(release: Release, inside: InsideImage) -> LastImage | None:
    """What the import check saw of the image of a release; None where it did not list all."""
    if inside.path is None or inside.modules is None or inside.files is None:
        return None
    source = release.service.source
    versions = inside.distributions or {}
    return LastImage(
        commit=release.commit,
        service=release.service.name,
        context=clean_root(source.context),
        dockerfile=clean_root(source.dockerfile),
        built_with=built_with(source),
        python=inside.python or "",
        executable=inside.executable or "",
        workdir=inside.workdir or "",
        path=inside.path,
        roots=inside.roots or (),
        distributions=tuple(
            Distribution(name, versions.get(name, ""), modules) for name, modules in sorted(inside.modules.items())
        ),
        files=tuple(PlacedFile(*each) for each in sorted(inside.files.items())),
        release=release.id,
        image=release.image or "",
        command=inside.command or (),
        entrypoint=inside.entrypoint or "",
    )


def of_last_release(directory: Path) -> LastImage | None:
    """Those of the last release of a service that went live and noted them, of its last LOOKED_AT that went live.

    `directory` holds its releases.
    """
    from deploy_lib.cli.release_store import last_live

    return next((found for entries in islice(last_live(directory), LOOKED_AT) if (found := facts_of(entries))), None)


def write_facts(image: LastImage, path: Path) -> None:
    """Raises NotPossible."""
    try:
        write_whole(path, write(image))
    except OSError as problem:
        raise NotPossible(f"the facts cannot be written to {path}: {problem.strerror}") from None


def read_facts(path: Path, shown: str) -> LastImage:
    """`shown` is how the user named it. Raises NotPossible."""
    try:
        if path.stat().st_size > _LARGEST:
            raise NotPossible(f"--facts {shown}: it is larger than {_LARGEST >> 20} MiB, and no facts of an image are")
        return read(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise NotPossible(f"--facts {shown}: {problem.strerror}; `report --write-facts FILE` makes one") from None
    except UnicodeDecodeError:
        raise NotPossible(f"--facts {shown}: it is not text, so it does not hold the facts of an image") from None
    except NoFacts as problem:
        raise NotPossible(f"--facts {shown}: it {problem}") from None
