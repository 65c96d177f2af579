"""`python -m rehearse demo|incident|bench`; scripts/dev.py runs it with everything installed."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from .bench import GROUPS
from .command import Unexpected

_ABOUT_GROUPS = "\n".join(
    (
        "groups:",
        *(f"  {name:<9} {what}" for name, what in GROUPS.items()),
        "",
        "All take less than eight minutes on a machine that does nothing else; seconds of a busy one say little,",
        "ratios more. A row of the README's table is replaced when its group is measured with --record. gcloud, git",
        "and ruff are measured where they are installed. Exit code 1: a promise is not kept.",
    )
)


def arguments(words: list[str]) -> argparse.Namespace:
    top = argparse.ArgumentParser(prog="dev.py", description="Rehearse releases on this machine; no cloud is touched.")
    commands = top.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="six releases of the example service, well and badly")
    demo.add_argument("--only", default="", metavar="LETTERS", help="play only these stories, e.g. cf (a always plays)")
    demo.add_argument("--keep", action="store_true", help="keep the repository, the configurations and the journals")
    incident = commands.add_parser("incident", help="the outage this tool was made for, and its report")
    incident.add_argument(
        "--report-dir", metavar="DIR", type=Path, help="where the report goes (default: .deploy/incident)"
    )
    incident.add_argument(
        "--no-wait", action="store_true", help="do not ask when Cloud Run itself said that the start failed"
    )
    bench = commands.add_parser(
        "bench",
        help="the figures the documents promise, measured",
        description="Measures what the documents promise, each figure beside its limit or what it is compared with.",
        epilog=_ABOUT_GROUPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bench.add_argument("only", nargs="*", choices=(*GROUPS, []), metavar="GROUP", help="these alone; without: all")
    bench.add_argument("--record", action="store_true", help="write docs/bench.json and the README's table of it")
    for each in (demo, incident):
        each.add_argument(
            "--engine",
            choices=("docker", "podman", "namespaces"),
            help="builds and runs the images (default: what works)",
        )
    return top.parse_args(words)


def main(words: list[str]) -> int:
    args = arguments(words)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    console = Console(width=None if sys.stdout.isatty() else 150)
    if args.command == "demo":
        from . import demo

        return demo.play(console, engine=args.engine, keep=args.keep, only=args.only)
    if args.command == "bench":
        from . import bench

        return bench.run(console, args.only, recorded=args.record)
    from . import incident

    return incident.replay(console, engine=args.engine, report_dir=args.report_dir, wait=not args.no_wait)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Unexpected as fault:
        print(f"the rehearsal cannot go on: {fault}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; everything started here was stopped", file=sys.stderr)
        sys.exit(130)
