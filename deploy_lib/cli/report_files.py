"""What is left of a release when it has ended: report files, a CI job's summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from deploy_lib.cli.release_store import StoredRelease, last_live_before, rollback_after
from deploy_lib.drivers.whole_file import write_whole
from deploy_lib.journal import is_written, read
from deploy_lib.model.journal_queries import ending
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.report.build import build
from deploy_lib.report.document import Report, report_name
from deploy_lib.report.formats import EXTENSIONS, OF_A_SERVICE, file_name, render
from deploy_lib.report.over_time import ServiceOverTime
from deploy_lib.report.over_time import read as read_release


def write_reports(directory: Path, extra: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """Writes the report in every format beside the journal in `directory`, and into `extra`; the HTML's path.

    In GitHub Actions a short form is appended to the job's summary. A place that cannot be written does not keep the
    report from the others: NotPossible, which names all such places, is raised when all have been tried.
    """
    report = made_from(directory)
    problems = []
    for place in (directory, extra):
        try:
            if place is not None:
                write_all(report, place)
        except NotPossible as problem:
            problems.append(problem.message)
    summary = environment.get("GITHUB_STEP_SUMMARY")
    try:
        if summary:
            with open(summary, "a", encoding="utf-8") as out:
                out.write(render(report, "brief"))
    except OSError as problem:
        problems.append(f"GITHUB_STEP_SUMMARY {summary} cannot be written: {problem.strerror}")
    if problems:
        raise NotPossible("; ".join(problems))
    return (extra or directory) / file_name(report, "html")


def made_from(directory: Path) -> Report:
    """The report of the release that is kept there, whatever is left of its journal."""
    journal = read(directory)
    now = datetime.now(UTC)
    zone = now.astimezone().tzinfo or UTC
    running = is_written(directory)
    return build(
        journal.entries,
        last_live_before(directory),
        journal.gaps,
        now,
        zone,
        release_id=directory.name,
        running=running,
        rollback=() if running or ending(journal.entries) else rollback_after(directory),
    )


def over_time(releases: Sequence[StoredRelease], link: Callable[[StoredRelease], str]) -> ServiceOverTime:
    """All these releases of one service, which are newest first; `link` says where the report of each is."""
    rows = tuple(read_release(read(each.directory).entries, each.id, link(each)) for each in releases)
    return ServiceOverTime(releases[0].project, releases[0].service, rows, datetime.now(UTC))


def kept_report(release: StoredRelease) -> str:
    """The address of the report that the release left beside its journal; empty where it left none."""
    path = _page(release)
    return path.resolve().as_uri() if path.is_file() else ""


def write_over_time(releases: Sequence[StoredRelease], directory: Path) -> list[Path]:
    """The page in every format it has, and the reports that it leads to. Raises NotPossible as `write_all` does."""
    page = over_time(releases, lambda release: quote(_page(release).name))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for release in releases:
            path = _page(release)
            kept = path.read_text(encoding="utf-8") if path.is_file() else render(made_from(release.directory), "html")
            write_whole(directory / path.name, kept)
        return [_written(directory / file_name(page, name), render(page, name)) for name in OF_A_SERVICE]
    except OSError as problem:
        raise NotPossible(f"the page cannot be written to {directory}: {problem.strerror}") from None


def _page(release: StoredRelease) -> Path:
    return release.directory / f"{report_name(release.id)}.html"


def write_all(report: Report, directory: Path) -> list[Path]:
    """Every format, each file put in place whole. Raises NotPossible for a directory that cannot be made."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return [_written(directory / file_name(report, name), render(report, name)) for name in EXTENSIONS]
    except OSError as problem:
        raise NotPossible(f"the report cannot be written to {directory}: {problem.strerror}") from None


def _written(path: Path, text: str) -> Path:
    write_whole(path, text)
    return path
