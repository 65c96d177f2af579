"""The flags of the commands that only look: status, history, report, logs, open, doctor, completion."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from deploy_lib.report.formats import FORMATS

SHELLS = ("bash", "zsh", "fish")


def whole_number(text: str) -> int:
    """Raises ArgumentTypeError for any other word."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def add_reading_arguments(made: Mapping[str, argparse.ArgumentParser]) -> None:
    """To the parsers of these commands, by their names."""
    made["status"].add_argument(
        "--watch",
        nargs="?",
        const="5s",
        metavar="EVERY",
        help="look again and again until Ctrl-C (default: every 5s); without a terminal, only what has changed",
    )
    made["history"].add_argument("--limit", type=whole_number, metavar="N", help="releases at most (default: 20)")
    made["history"].add_argument(
        "--stats", action="store_true", help="how often, how well and how soon is released, by week, instead of a list"
    )
    made["history"].add_argument(
        "--weeks", type=whole_number, metavar="N", help="with --stats: the last N weeks (default: 12)"
    )
    made["history"].add_argument("--html", metavar="FILE", help="with --stats: write it as one page with drawings")
    made["doctor"].add_argument(
        "--on", choices=("cloud-build",), help="for releases that deploy --on cloud-build hands over"
    )
    _report(made["report"])
    _logs(made["logs"])
    made["open"].add_argument("named", nargs="?", metavar="SERVICE", help="a service of the file, as with --service")
    made["open"].add_argument("--console", action="store_true", help="its page in Google's console instead")
    completion = made["completion"]
    completion.add_argument("shell", choices=SHELLS, help="the shell whose script is printed")
    completion.add_argument(
        "--name", metavar="N", action="append", default=[], help="complete this command, too, as an alias has it"
    )
    completion.add_argument("--for", dest="words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def _report(report: argparse.ArgumentParser) -> None:
    report.add_argument("id", nargs="?", help="release id, or the end of one (default: the last release)")
    report.add_argument(
        "--service", metavar="S", action="append", default=[], help="only releases of this service; may be repeated"
    )
    report.add_argument(
        "--over-time",
        action="store_true",
        help="one page for a service instead: its releases, how each ended, how long it took and why it failed",
    )
    report.add_argument("--format", choices=tuple(FORMATS), default="text", help="brief: as on a CI job's page")
    report.add_argument(
        "--report-dir", metavar="DIR", help="write every format there, with --over-time for each service"
    )
    report.add_argument(
        "--write-facts",
        metavar="FILE",
        help="write what the image held instead, for `check --facts FILE` (default: of the last release that is live)",
    )


def _logs(logs: argparse.ArgumentParser) -> None:
    logs.add_argument("named", nargs="?", metavar="SERVICE", help="a service of the file, as with --service")
    which = logs.add_mutually_exclusive_group()
    which.add_argument("--revision", metavar="R", help="only this revision's")
    which.add_argument(
        "--execution", metavar="E", help="with --job: only this execution's; the end of its name is enough"
    )
    which.add_argument(
        "--release", metavar="ID", help="only what the revision of this release wrote; the end of its id is enough"
    )
    logs.add_argument("--follow", action="store_true", help="go on with what comes in, until Ctrl-C")
    logs.add_argument(
        "--since",
        metavar="TIME",
        help="how far back, e.g. 2h (default: 10m, with --release its beginning; of a job: its last execution)",
    )
