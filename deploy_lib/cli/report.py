"""report: the audit report of a release, from its journal on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy_lib.cli.archive import choose, kept
from deploy_lib.cli.outcomes import made_from, write_all
from deploy_lib.report import render


def main(args: argparse.Namespace) -> int:
    """Prints it in one format, or writes every format into --report-dir and prints their paths."""
    release = choose(kept(args), args.id)
    report = made_from(release.directory)
    if args.report_dir:
        for path in write_all(report, Path(args.report_dir).expanduser()):
            print(path)
        return 0
    wanted = "json" if args.format == "text" and args.output == "json" else args.format
    print(render(report, wanted), end="")
    return 0
