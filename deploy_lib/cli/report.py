"""report: the audit report of a release, from its journal on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy_lib.cli.release_store import choose, stored_releases
from deploy_lib.cli.report_files import made_from, write_all
from deploy_lib.cli.show.console import say, say_as_is
from deploy_lib.report.formats import render

_INERT = {"json": "#\\u0023", "html": "#&#35;", "junit": "#&#35;"}
"""How the beginning of a CI system's command is written in formats that are for programs."""


def main(args: argparse.Namespace) -> int:
    """Prints it in one format, or writes every format into --report-dir and prints their paths."""
    release = choose(stored_releases(args), args.id)
    report = made_from(release.directory)
    if args.report_dir:
        for path in write_all(report, Path(args.report_dir).expanduser()):
            say(str(path))
        return 0
    wanted = "json" if args.format == "text" and args.output == "json" else args.format
    text = render(report, wanted)
    if wanted in _INERT:
        say_as_is(text.replace("##", _INERT[wanted]).rstrip("\n"))
    else:
        say(text.rstrip("\n"))
    return 0
