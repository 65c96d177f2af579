"""report: the audit report of a release, from its journal on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from deploy_lib.cli.paths import given_path
from deploy_lib.cli.release_store import StoredRelease, choose, stored_releases
from deploy_lib.cli.report_files import kept_report, made_from, over_time, write_all, write_over_time
from deploy_lib.cli.show.console import say, say_as_is
from deploy_lib.journal import read
from deploy_lib.model.journal_queries import went_live
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.report.document import Renderable
from deploy_lib.report.formats import OF_A_SERVICE, render

_INERT = {"json": "#\\u0023", "html": "#&#35;", "junit": "#&#35;"}
"""How the beginning of a CI system's command is written in formats that are for programs."""


def main(args: argparse.Namespace) -> int:
    """Prints it in one format, or writes every format into --report-dir and prints their paths; or writes the facts of
    the image that `check --facts` reads."""
    releases = stored_releases(args)
    if args.over_time:
        return _over_time(releases, args)
    if args.write_facts:
        return _write_facts(releases, args)
    release = choose(releases, args.id)
    report = made_from(release.directory)
    if args.report_dir:
        for path in write_all(report, given_path(args.report_dir)):
            say(str(path))
        return 0
    _print(report, _format(args))
    return 0


def _over_time(releases: Sequence[StoredRelease], args: argparse.Namespace) -> int:
    """Prints the page of one service, or writes those of all into --report-dir, with the reports that they lead to."""
    if args.id or args.write_facts:
        raise NotPossible("--over-time is about all releases of a service: leave out the id and --write-facts")
    if not releases:
        raise NotPossible("no release is kept here yet; --state names another directory, --project another project")
    by_service: dict[tuple[str, str], list[StoredRelease]] = {}
    for each in releases:
        by_service.setdefault((each.project, each.service), []).append(each)
    if args.report_dir:
        for found in by_service.values():
            for path in write_over_time(found, given_path(args.report_dir)):
                say(str(path))
        return 0
    if _format(args) not in OF_A_SERVICE:
        raise NotPossible(f"a service over time has no form {args.format}; it has {', '.join(OF_A_SERVICE)}")
    if len(by_service) > 1:
        names = "\n  ".join(f"--project {project} --service {service}" for project, service in sorted(by_service))
        raise NotPossible(f"releases of several services are kept here; name one of them:\n  {names}")
    _print(over_time(releases, kept_report), _format(args))
    return 0


def _format(args: argparse.Namespace) -> str:
    return "json" if args.format == "text" and args.output == "json" else str(args.format)


def _print(document: Renderable, format: str) -> None:
    text = render(document, format)
    if format in _INERT:
        say_as_is(text.replace("##", _INERT[format]).rstrip("\n"))
    else:
        say(text.rstrip("\n"))


def _write_facts(releases: Sequence[StoredRelease], args: argparse.Namespace) -> int:
    """Of the release that is named, else of the last one that went live and noted what its image held."""
    from deploy_lib.cli.image_facts import facts_of, write_facts

    if args.id:
        chosen = choose(releases, args.id)
        image = facts_of(read(chosen.directory).entries)
        if image is None:
            raise NotPossible(f"{chosen.id} has no facts of an image: it came to no import check that listed its files")
    else:
        kept = (read(each.directory).entries for each in releases)
        image = next((found for entries in kept if went_live(entries) and (found := facts_of(entries))), None)
        if image is None:
            raise NotPossible("no release that is kept here went live and noted what its image held")
    write_facts(image, given_path(args.write_facts))
    say(f"{args.write_facts}: {image.name}, {image.service}, {image.release}")
    return 0
