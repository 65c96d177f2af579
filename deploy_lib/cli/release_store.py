"""The releases kept on this machine: found by their directories, chosen by id, read from their journals.

No repository and no configuration is needed for that; a configuration only narrows the choice to its project.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_lib.cli.paths import TOOL, given_path, releases_directory, state_directory
from deploy_lib.journal import read, started
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import latest_release, went_live
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.release_history import is_rollback
from deploy_lib.model.service import Service

SHOWN = 5  # ids named when none fits


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """One release's directory; its journal may be lost."""

    directory: Path

    @property
    def id(self) -> str:
        return self.directory.name

    @property
    def service(self) -> str:
        return self.directory.parent.name

    @property
    def project(self) -> str:
        return self.directory.parent.parent.name


def stored_releases(args: argparse.Namespace) -> list[StoredRelease]:
    """The releases that the command line asks about, newest first."""
    state = state_directory(args.state)
    project = _project(args)
    services: Collection[str] = [*getattr(args, "service", ()), *getattr(args, "job", ())]
    root = releases_directory(state, project) if project else state / "releases"
    found = [StoredRelease(path) for path in root.glob("*/*" if project else "*/*/*") if path.is_dir()]
    chosen = [each for each in found if not services or each.service in services]
    if region := getattr(args, "region", None):
        chosen = [each for each in chosen if region_of(read(each.directory).entries) == region]
    return sorted(chosen, key=lambda each: started(each.directory), reverse=True)


def refuse_unknown(args: argparse.Namespace, releases: Sequence[StoredRelease]) -> None:
    """Raises NotPossible where services or jobs were named and one of them has no release here."""
    named, known = [*args.service, *getattr(args, "job", ())], {each.service for each in releases}
    missing = [name for name in named if name not in known]
    if missing:
        raise NotPossible(f"no release of {' or '.join(missing)} is kept here; --state names another directory")


def choose(releases: Sequence[StoredRelease], wanted: str | None) -> StoredRelease:
    """The release of that id, or the only one that begins or ends with it; the last one when none is named.

    Raises NotPossible, which names those that exist.
    """
    if not releases:
        raise NotPossible("no release is kept here yet; --state names another directory, --project another project")
    if wanted is None:
        return releases[0]
    exact = [each for each in releases if each.id == wanted]
    near = exact or [each for each in releases if each.id.startswith(wanted) or each.id.endswith(wanted)]
    if len(near) == 1:
        return near[0]
    ids = "\n  ".join(f"{each.id}  ({each.project}, {each.service})" for each in (near or releases)[:SHOWN])
    if near:
        raise NotPossible(f"{wanted} fits {len(near)} releases; give more of the id:\n  {ids}")
    raise NotPossible(f"no release has the id {wanted}; the last ones kept here:\n  {ids}")


def last_live(directory: Path) -> Iterator[tuple[Entry, ...]]:
    """The journals of the releases in it that went live, the newest first; a rollback made nothing new."""
    paths = [path for path in directory.glob("*") if path.is_dir()]
    yield from _live(sorted(paths, key=started, reverse=True))


def _live(paths: Iterable[Path]) -> Iterator[tuple[Entry, ...]]:
    for path in paths:
        entries = () if is_rollback(path.name) else read(path).entries
        if went_live(entries):
            yield entries


def last_live_before(directory: Path) -> tuple[Entry, ...] | None:
    """The journal of the last release of the same service and region that went live before this; None without one.

    A rollback is none: it has no image of its own, so nothing could be compared with it.
    """
    ordered = sorted(directory.parent.iterdir(), key=started, reverse=True)
    region = region_of(read(directory).entries)
    earlier = _live(ordered[ordered.index(directory) + 1 :])
    return next((entries for entries in earlier if region_of(entries) == region), None)


def rollback_after(directory: Path) -> tuple[Entry, ...]:
    """The journal of the first rollback of the same service after this release that went well; empty without one."""
    later = sorted(path for path in directory.parent.iterdir() if started(path) > started(directory))
    found = (read(path).entries for path in later if is_rollback(path.name))
    return next((entries for entries in found if went_live(entries)), ())


def journal_to_resume(state: Path, service: Service, unfinished: UnfinishedRelease | None) -> tuple[Entry, ...]:
    """The journal kept here of the release that the service calls unfinished, else of its newest release."""
    root = releases_directory(state, service.project) / service.name
    if unfinished is not None:
        return read(root / unfinished.release_id).entries
    kept = (read(path).entries for path in _newest_first(root) if not is_rollback(path.name))
    return next((entries for entries in kept if region_of(entries) in (service.region, "")), ())


def journals(state: Path, service: Service) -> Iterator[tuple[Entry, ...]]:
    """Those of the service, in its region, that are kept here, the newest first; each is read when it is asked for."""
    root = releases_directory(state, service.project) / service.name
    kept = (read(path).entries for path in _newest_first(root))
    return (entries for entries in kept if region_of(entries) in (service.region, ""))


def region_of(entries: Sequence[Entry]) -> str:
    """Where the release was, whose journal that is; empty where nothing of it can be read."""
    release = latest_release(entries)
    return release.service.region if release is not None else ""


def _newest_first(root: Path) -> list[Path]:
    """By name: a release's id begins with its time."""
    return sorted((path for path in root.glob("*") if path.is_dir()), key=lambda path: path.name, reverse=True)


def _project(args: argparse.Namespace) -> str | None:
    """The project to look at; None for all of them."""
    if args.project:
        return str(args.project)
    path = args.config or (_local() if args.local else None)
    if path is None:
        return None
    from deploy_lib.config import load

    return load(given_path(str(path)), exists=lambda inside: True, to_release=False, with_steps=False).settings.project


def _local() -> Path:
    own = Path("config") / "local.yaml"
    return TOOL / own if (TOOL / own).is_file() and not own.is_file() else own
