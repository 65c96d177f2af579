"""check: what the image will hold and which import will fail in it, from the repository alone.

No network, no credentials, no build. Only argparse is imported here, so that `--help` stays quick; and with
--dockerfile, --context and --entrypoint no configuration is read, so that a pre-commit hook stays quick too.
"""

from __future__ import annotations

import argparse

_EXIT = "exit codes: 0 nothing will fail, 1 something will, 2 usage or configuration"


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.epilog = _EXIT
    what = command.add_argument_group("what is checked")
    what.add_argument("--repo", metavar="DIR", help="the repository (default: the one you are in)")
    chosen = what.add_mutually_exclusive_group()
    chosen.add_argument("--commit", metavar="C", help="the commit to check (default: HEAD)")
    chosen.add_argument(
        "--worktree",
        action="store_true",
        help="what would ship if everything on disk were committed, and how it differs from HEAD",
    )
    service = command.add_argument_group("which service: from a configuration file, or without one")
    service.add_argument("--config", metavar="FILE", help="configuration file (default: those in config/)")
    service.add_argument("--service", metavar="S", action="append", default=[], help="default: every one of the file")
    service.add_argument("--dockerfile", metavar="D", help="relative to the repository (default: Dockerfile in DIR)")
    service.add_argument(
        "--context", metavar="DIR", help="build context, relative to the repository (default: its top)"
    )
    service.add_argument(
        "--entrypoint",
        metavar="M",
        action="append",
        default=[],
        help="module the server imports (default: from the Dockerfile); may be repeated, for further processes",
    )
    service.add_argument(
        "--pythonpath",
        metavar="DIR",
        action="append",
        default=[],
        help="a directory of the image where Python looks for modules as well; may be repeated",
    )
    service.add_argument(
        "--facts",
        metavar="FILE",
        help="what the last good image held, from `report --write-facts FILE`: only what changed since is guessed",
    )
    shown = command.add_argument_group("output")
    shown.add_argument(
        "--output",
        choices=("text", "json", "sarif", "github"),
        default="text",
        help="json: one document, a list of them for several services",
    )
    shown.add_argument("--files", action="store_true", help="also list every file of the image")
    shown.add_argument("--why", metavar="X", help="is this path or module in the image, and why")
    shown.add_argument("--warnings", action="store_true", help="exit with 1 for warnings too")
    shown.add_argument("--strict", action="store_true", help="exit with 1 where it is not known what starts, too")
    shown.add_argument("--state", metavar="DIR", help="where what was learned of each file is kept between runs")


def main(args: argparse.Namespace) -> int:
    from deploy_lib.cli.check.command import run

    return run(args)
